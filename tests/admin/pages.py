"""Reading a page of the back office in a test."""

import re
from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse


def text_of(response: Any) -> str:
    """What a person reads: without tags, with single spaces."""
    assert response.status_code == 200, response.status_code
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def said(response: Any) -> list[str]:
    """The messages that a redirect leads to."""
    return [str(message) for message in response.context["messages"]]


def order_page(order_id: int) -> str:
    return reverse("admin:orders_order_change", args=[order_id])


def act(client: Client, order: Any, subject: str, move: str, **more: Any) -> Any:
    """Press a button on an order's page, having seen its present version."""
    order.refresh_from_db()
    body = {"version": order.version, "reason": "", **more}
    return client.post(reverse("admin:orders_order_act", args=[order.pk, subject, move]), body, follow=True)
