"""`manage.py connect taobao --company demo --shop 测试旗舰店 --name … --base-url … --set app_key=… session=…`."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.connecting import Where, WrongSettings, connect
from orders.models import Company, Shop, Warehouse


class Command(BaseCommand):
    help = "Create or update a connection to an outside system."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("adapter")
        parser.add_argument("--company", required=True, help="the company's code")
        parser.add_argument("--shop", help="the platform's code of the shop")
        parser.add_argument("--warehouse", help="the warehouse's code")
        parser.add_argument("--name", required=True)
        parser.add_argument("--base-url", default="")
        parser.add_argument("--set", nargs="*", default=[], metavar="key=value")

    def handle(self, *, adapter: str, **options: Any) -> None:
        pairs = [text.partition("=") for text in options["set"]]
        if wrong := [name for name, equals, _ in pairs if not equals]:
            raise CommandError(f"--set wants key=value, not {wrong[0]}")
        try:
            connection, new = connect(
                adapter,
                where=_where(options),
                name=options["name"],
                base_url=options["base_url"],
                values={name: value for name, _, value in pairs},
            )
        except (WrongSettings, LookupError) as error:
            raise CommandError(str(error)) from error
        word = "created" if new else "updated"
        self.stdout.write(f"{word} connection {connection.pk}; webhook: /hooks/{adapter}/{connection.key}/")


def _where(options: dict[str, Any]) -> Where:
    company = Company.objects.filter(code=options["company"]).first()
    if company is None:
        raise CommandError(f"no company {options['company']}")
    shop = Shop.objects.filter(company=company, code=options["shop"] or "").first()
    warehouse = Warehouse.objects.filter(company=company, code=options["warehouse"] or "").first()
    if options["shop"] and shop is None:
        raise CommandError(f"{company.code} has no shop {options['shop']}")
    if options["warehouse"] and warehouse is None:
        raise CommandError(f"{company.code} has no warehouse {options['warehouse']}")
    return Where(company=company, shop=shop, warehouse=warehouse)
