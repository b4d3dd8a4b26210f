"""Companies, shops and warehouses that the caller may see."""

from rest_framework.request import Request
from rest_framework.response import Response

from orders.api import tenancy_shapes as shapes
from orders.api.order_shapes import PageQuery
from orders.api.pagination import BY_ID
from orders.api.present import company_json, shop_json, warehouse_json
from orders.api.schema import operation
from orders.api.views import ApiView
from orders.selectors.access import visible_companies, visible_shops, visible_warehouses


class Companies(ApiView):
    scopes = {"GET": "tenancy:read"}

    @operation(id="companies_list", summary="List companies", query=PageQuery, answers={200: shapes.CompanyList})
    def get(self, request: Request) -> Response:
        page = self.page(visible_companies(self.access), BY_ID, self.query(PageQuery))
        return self.listed(page, [company_json(row) for row in page.rows])


class Shops(ApiView):
    scopes = {"GET": "tenancy:read"}

    @operation(id="shops_list", summary="List shops", query=PageQuery, answers={200: shapes.ShopList})
    def get(self, request: Request) -> Response:
        page = self.page(visible_shops(self.access), BY_ID, self.query(PageQuery))
        return self.listed(page, [shop_json(row) for row in page.rows])


class Warehouses(ApiView):
    scopes = {"GET": "tenancy:read"}

    @operation(id="warehouses_list", summary="List warehouses", query=PageQuery, answers={200: shapes.WarehouseList})
    def get(self, request: Request) -> Response:
        page = self.page(visible_warehouses(self.access), BY_ID, self.query(PageQuery))
        return self.listed(page, [warehouse_json(row) for row in page.rows])
