"""The colours of the scan page, measured: readable for everybody, told apart by red-green blind eyes."""

import itertools
import re

import pytest
from django.conf import settings

STYLE = settings.BASE_DIR / "orders" / "static" / "scan" / "scan.css"
VERDICTS = ("pass", "attention", "wrong", "stop", "same", "wait")
Colour = tuple[float, float, float]
# Machado, Oliveira, Fernandes (2009), severity 1.0: what red-green blind eyes make of linear RGB.
SIMULATED = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "most eyes": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}


def themes() -> tuple[dict[str, str], dict[str, str]]:
    """The colours of the light page, and of the dark one."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in blocks)
    return light, light | dark


def linear(colour: str) -> Colour:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3."""
    lights = sorted(sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True)) for x in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def lab(colour: str, eyes: str) -> Colour:
    red, green, blue = (
        min(1.0, max(0.0, sum(w * c for w, c in zip(row, linear(colour), strict=True)))) for row in SIMULATED[eyes]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("eyes", SIMULATED)
def test_no_two_verdicts_look_alike_to_red_green_blind_eyes(eyes: str) -> None:
    light, _dark = themes()
    seen = {verdict: lab(light[verdict], eyes) for verdict in VERDICTS}
    for one, other in itertools.combinations(VERDICTS, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert distance > 20, f"{one} and {other}: {distance:.0f}"


@pytest.mark.parametrize("theme", themes(), ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground(theme: dict[str, str]) -> None:
    pairs = [(verdict, f"on-{verdict}") for verdict in VERDICTS] + [("accent", "on-accent")]
    pairs += [(ground, ink) for ground in ("ground", "card", "soft") for ink in ("ink", "quiet", "pass-ink")]
    pairs += [("stop-soft", "stop-ink"), ("card", "stop-ink"), ("card", "accent")]
    weak = {pair: contrast(theme[pair[0]], theme[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}
