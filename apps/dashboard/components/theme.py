"""The look: colour schemes, and the one style sheet of the page. No data and no widgets."""

from dataclasses import dataclass


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
    """The page's CSS. `light-dark()` follows Streamlit's theme, so switching it needs no run of ours."""
    return f"<style>{_RULES}</style>"


def scheme_style(scheme: str) -> str:
    """The gain and loss colours of a scheme as CSS variables."""
    colours = SCHEMES.get(scheme, SCHEMES[DEFAULT_SCHEME])
    gain, loss = (f"light-dark({pair[0]}, {pair[1]})" for pair in (colours.gain, colours.loss))
    return f"<style>.stApp {{ --gain: {gain}; --loss: {loss}; }}</style>"


_RULES = """
.stApp {
  --ink: light-dark(#1B1E23, #E7EAEC);
  --muted: light-dark(#6C685F, #95A0A8);
  --faint: light-dark(#A39E92, #66717A);
  --line: light-dark(#E4DFD4, #283138);
  --card: light-dark(#FFFFFF, #161C21);
  --accent: light-dark(#0B5D57, #4FC7B8);
  --hero: light-dark(#0C4F4A, #10302E);
  --hero-line: light-dark(#0C4F4A, #1D4A46);
  --amber: light-dark(#96600B, #F0B54A);
  --amber-bg: light-dark(#FBF1DC, #2B230F);
  --tied: light-dark(#0B5D57, #4FC7B8);
  --tied-bg: light-dark(#E3F1EE, #10292A);
  --shadow: light-dark(0 1px 2px rgba(60,50,30,.05), none);
}
.stMainBlockContainer { padding: 4.1rem 2.2rem 3rem; max-width: 1480px; }
.stMainBlockContainer > div > .stVerticalBlock { gap: 0.95rem; }
[data-testid="stHeader"] { background: transparent; backdrop-filter: blur(6px); }
.tabular, .kpi-value, .kpi-sub, .badge, .bars { font-variant-numeric: tabular-nums lining-nums; }

/* toolbar */
.st-key-toolbar { row-gap: .55rem; }

/* badges */
.badges { display: flex; flex-wrap: wrap; gap: .45rem; align-items: center; }
.badge { display: inline-flex; align-items: center; gap: .45rem; padding: .22rem .7rem; border-radius: 99px;
  font-size: .82rem; line-height: 1.35; border: 1px solid var(--line); color: var(--muted); background: var(--card); }
.badge::before { content: ""; width: .46rem; height: .46rem; border-radius: 50%; background: var(--faint); flex: none; }
.badge b { color: var(--ink); font-weight: 600; }
.badge.good { color: var(--tied); background: var(--tied-bg); border-color: transparent; }
.badge.good::before { background: var(--tied); }
.badge.good b { color: inherit; }
.badge.warn { color: var(--amber); background: var(--amber-bg); border-color: transparent; }
.badge.warn::before { background: var(--amber); border-radius: 1px; transform: rotate(45deg); }
.badge.warn b { color: inherit; }

/* figures */
.kpis { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .85rem; }
.kpi { position: relative; background: var(--card); border: 1px solid var(--line); border-radius: .8rem;
  padding: .95rem 1.1rem .85rem; min-height: 7.4rem; box-shadow: var(--shadow); overflow: hidden;
  display: flex; flex-direction: column; }
.kpi-label { font-size: .8rem; font-weight: 600; color: var(--muted); display: flex; justify-content: space-between;
  gap: .5rem; }
.kpi-label span { font-weight: 400; color: var(--faint); }
.kpi-value { font-size: 1.72rem; font-weight: 620; letter-spacing: -.02em; line-height: 1.25; margin-top: .28rem;
  color: var(--ink); white-space: nowrap; }
.kpi-value .unit { font-size: .86rem; font-weight: 500; color: var(--faint); letter-spacing: 0; margin-left: .3rem; }
.kpi-value .arrow { font-size: .62em; vertical-align: .18em; margin-right: .32rem; }
.kpi-sub { font-size: .82rem; color: var(--muted); margin-top: auto; padding-top: .35rem; line-height: 1.35; }
.kpi-sub b { font-weight: 600; color: var(--ink); }
.kpi-reason { color: var(--amber); }
.gain { color: var(--gain) !important; } .loss { color: var(--loss) !important; }
.kpi.hero { background: var(--hero) 100% 100% / 52% 58% no-repeat; border-color: var(--hero-line); }
.kpi.hero .kpi-label, .kpi.hero .kpi-sub { color: rgba(235,248,245,.76); }
.kpi.hero .kpi-label span, .kpi.hero .kpi-value .unit { color: rgba(235,248,245,.55); }
.kpi.hero .kpi-value { color: #fff; } .kpi.hero .kpi-sub b { color: #fff; }

/* cards around charts and tables */
[class*="st-key-card-"] { background: var(--card); border: 1px solid var(--line); border-radius: .8rem;
  padding: 1rem 1.1rem .8rem; box-shadow: var(--shadow); gap: .45rem; height: 100%; }
.card-head { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: .1rem 1rem; }
.card-head h3 { font-size: 1rem; font-weight: 620; letter-spacing: -.005em; margin: 0; padding: 0; color: var(--ink); }
.card-head p { font-size: .82rem; color: var(--muted); margin: 0; font-variant-numeric: tabular-nums; }
.card-note { font-size: .8rem; color: var(--muted); margin: 0; line-height: 1.45; }
.card-note.warn { color: var(--amber); }

[data-testid="stColumn"]:has([class*="st-key-card-"]) > [data-testid="stVerticalBlock"] { height: 100%; }
[data-testid="stColumn"]:has([class*="st-key-card-"]) > [data-testid="stVerticalBlock"] > div { flex: 1 1 auto; }
.st-key-card-positions { background: none; border: 0; box-shadow: none; padding: .6rem .1rem 0; }

/* bars */
.bars { display: grid; grid-template-columns: minmax(5.5rem, auto) 1fr auto; gap: .62rem .9rem; align-items: center;
  font-size: .86rem; padding: .35rem 0 .3rem; }
.bars .name { color: var(--ink); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars .track { position: relative; height: .62rem; background: linear-gradient(90deg, transparent calc(50% - .5px),
  var(--line) calc(50% - .5px), var(--line) calc(50% + .5px), transparent calc(50% + .5px)); }
.bars .track i { position: absolute; top: 0; bottom: 0; border-radius: 2px; min-width: 2px; }
.bars .track i.up { left: 50%; background: var(--gain); border-radius: 0 3px 3px 0; }
.bars .track i.down { right: 50%; background: var(--loss); border-radius: 3px 0 0 3px; }
.bars .figure { text-align: right; white-space: nowrap; }
.bars .total { font-weight: 620; }
.bars hr { grid-column: 1 / -1; margin: 0; border: 0; border-top: 1px solid var(--line); }

/* empty state */
.empty { background: var(--card); border: 1px dashed var(--line); border-radius: .9rem; padding: 2.2rem 2.4rem;
  max-width: 46rem; margin: 1.5rem auto; color: var(--ink); }
.empty h2 { font-size: 1.35rem; margin: 0 0 .5rem; padding: 0; letter-spacing: -.01em; }
.empty p, .empty li { color: var(--muted); line-height: 1.55; }
.empty code { background: var(--tied-bg); color: var(--tied); padding: .1rem .4rem; border-radius: .3rem; }
.footer { color: var(--faint); font-size: .78rem; font-variant-numeric: tabular-nums; text-align: center; }

@media (max-width: 1100px) { .kpis { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 640px) {
  .stMainBlockContainer { padding: 4rem .9rem 2rem; }
  .kpis { gap: .6rem; } .kpi { padding: .75rem .8rem .7rem; min-height: 6.4rem; }
  .kpi.hero, .kpi:last-child { grid-column: 1 / -1; }
  .kpi-value { font-size: 1.22rem; } .kpi.hero .kpi-value { font-size: 1.9rem; }
  .kpi-value .unit { font-size: .74rem; } .kpi-label span { display: none; }
  .bars { grid-template-columns: minmax(4.5rem, auto) 1fr auto; gap: .55rem .6rem; font-size: .8rem; }
  .empty { padding: 1.4rem 1.2rem; }
}
"""
