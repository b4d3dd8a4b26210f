"""How the back office looks: the theme's settings. Imported by the settings, so it may import no model."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _


def stylesheet(request: HttpRequest) -> str:
    return static("tower/back_office.css")


def script(request: HttpRequest) -> str:
    return static("tower/back_office.js")


def favicon(request: HttpRequest) -> str:
    return static("tower/favicon.svg")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("订单指挥塔"),
    "SITE_HEADER": _("订单指挥塔"),
    "SITE_SYMBOL": "cell_tower",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": favicon}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "6px",
    "STYLES": [stylesheet],
    "SCRIPTS": [script],
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.6)",
            "100": "oklch(93.2% .032 255.6)",
            "200": "oklch(88.2% .059 254.1)",
            "300": "oklch(80.9% .105 251.8)",
            "400": "oklch(70.7% .165 254.6)",
            "500": "oklch(62.3% .214 259.8)",
            "600": "oklch(54.6% .245 262.9)",
            "700": "oklch(48.8% .243 264.4)",
            "800": "oklch(42.4% .199 265.6)",
            "900": "oklch(37.9% .146 265.5)",
            "950": "oklch(28.2% .091 267.9)",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "ordertower.navigation.navigation",
    },
}
