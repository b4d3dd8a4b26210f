"""Rows that hold secrets of outside systems: encrypted at rest, opened only by whoever calls that system."""

import json
from typing import Any

from django.db import models

from orders import sealing


class HoldsSecrets(models.Model):
    """`set_secrets` needs a saved row: the row's id is part of the lock, so a moved cipher text does not open."""

    sealed_secrets = models.BinaryField(default=b"", editable=False)

    class Meta:
        abstract = True

    @property
    def _secrets_context(self) -> str:
        return f"{self._meta.model_name}:{self.pk}"

    def set_secrets(self, values: dict[str, Any]) -> None:
        clear = json.dumps(values, ensure_ascii=False).encode()
        self.sealed_secrets = sealing.wrap(clear, context=self._secrets_context)

    def secrets(self) -> dict[str, Any]:
        if not self.sealed_secrets:
            return {}
        values: dict[str, Any] = json.loads(sealing.unwrap(bytes(self.sealed_secrets), context=self._secrets_context))
        return values
