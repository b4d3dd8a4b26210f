"""The figures of the business, for the caller's own orders."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from alerts import kpis
from alerts.api import kpi_shapes as shapes
from alerts.api.present import figure_json, kpis_json
from orders.api.problems import invalid
from orders.api.schema import operation
from orders.api.views import ApiView
from orders.selectors.access import visible_shops

SAID = """Over the orders that were placed on their platform in [`from`, `to`), at most 31 days; without both: today in
Beijing. Each figure says its own definition, and is null with the reason where the truth is not known (yet):
`interception_rate`, `processing_time`, `manual_share`, `wrong_parcel_rate`, `sync_delay` (by shop), `fulfilment_cycle`
(by stage), `avoided_loss`. A percentile is a value that really occurred (nearest rank)."""


class Kpis(ApiView):
    scopes = {"GET": "kpis:read"}

    @operation(
        id="kpis_retrieve",
        summary="The figures of a window of time, each with its definition",
        description=SAID,
        query=shapes.KpiQuery,
        answers={200: shapes.Kpis},
    )
    def get(self, request: Request) -> Response:
        asked = self.query(shapes.KpiQuery)
        start, end, shop_id = asked["start"], asked["end"], asked["shop"]
        if shop_id is not None and not visible_shops(self.access).filter(pk=shop_id).exists():
            raise invalid("shop", _("没有这个店铺"))
        found = kpis.figures(self.access, start=start, end=end, shop_id=shop_id)
        names: dict[Any, str] = {stage: str(name) for stage, name in kpis.STAGES.items()}
        names |= dict(visible_shops(self.access).values_list("pk", "name"))
        rows = [figure_json(figure, names) for figure in found]
        return Response(kpis_json(start, end, shop_id, rows))
