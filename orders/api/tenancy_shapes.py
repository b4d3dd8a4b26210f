"""Companies, shops and warehouses as they come out."""

from rest_framework import serializers

from orders.api.fields import Number, Shape, Text, Word
from orders.models import Warehouse as WarehouseRow


class Company(Shape):
    id = Number()
    name = Text()
    code = Text()
    parent = Number(allow_null=True)  # type: ignore[assignment]


class Shop(Shape):
    id = Number()
    company = Number()
    platform = Text()
    name = Text()
    code = Text()
    warehouse = Number(allow_null=True)
    active = serializers.BooleanField()


class Warehouse(Shape):
    id = Number()
    company = Number()
    name = Text()
    code = Text()
    mode = Word("WarehouseMode", WarehouseRow.Mode)
    printed_by = Word("WarehousePrinter", WarehouseRow.Printer)


class _List(Shape):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class CompanyList(_List):
    results = Company(many=True)


class ShopList(_List):
    results = Shop(many=True)


class WarehouseList(_List):
    results = Warehouse(many=True)
