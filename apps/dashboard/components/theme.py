"""The look: colour schemes, and the one style sheet of the page. No data and no widgets."""

from dataclasses import dataclass
from pathlib import Path

_STYLE_SHEET = Path(__file__).parents[1] / "assets" / "page.css"


@dataclass(frozen=True)
class Scheme:
    """Colours of gains and losses: on light, on dark. They are for money only, and never the only sign."""

    label: str
    gain: tuple[str, str]
    loss: tuple[str, str]


SCHEMES = {
    "standard": Scheme("Green / red", ("#0A7A4B", "#42C98B"), ("#C0392F", "#FF7B72")),
    "blue-orange": Scheme("Blue / orange", ("#0066CC", "#5CA8FF"), ("#B36E3A", "#E0A070")),
    "red-up": Scheme("Red up / green down", ("#C0392F", "#FF7B72"), ("#0A7A4B", "#42C98B")),
}
DEFAULT_SCHEME = "standard"


@dataclass(frozen=True)
class Palette:
    """The colours that a chart needs, for the theme that is shown. CSS has its own, in `style_sheet`."""

    dark: bool
    gain: str
    loss: str
    accent: str
    ink: str
    muted: str
    grid: str
    surface: str


def palette(scheme: str, dark: bool) -> Palette:
    """Chart colours for a scheme and theme; an unknown scheme is the standard one."""
    colours = SCHEMES.get(scheme, SCHEMES[DEFAULT_SCHEME])
    return Palette(
        dark=dark,
        gain=colours.gain[dark],
        loss=colours.loss[dark],
        accent="#4FC7B8" if dark else "#0B5D57",
        ink="#E7EAEC" if dark else "#1B1E23",
        muted="#8C979F" if dark else "#77736A",
        grid="rgba(140,151,159,0.16)" if dark else "rgba(90,84,70,0.13)",
        surface="#161C21" if dark else "#FFFFFF",
    )


def style_sheet() -> str:
    """The page's CSS; switching between dark and light needs no run of ours."""
    return f"<style>{_STYLE_SHEET.read_text()}</style>"


def scheme_style(scheme: str) -> str:
    """The gain and loss colours of a scheme as CSS variables."""
    colours = SCHEMES.get(scheme, SCHEMES[DEFAULT_SCHEME])
    gain, loss = (f"light-dark({pair[0]}, {pair[1]})" for pair in (colours.gain, colours.loss))
    return f"<style>.stApp {{ --gain: {gain}; --loss: {loss}; }}</style>"
