"""What the first screen shows: the page's own data in the page's own words, as plain HTML.

Two pages have one: `today` for those who have signed in and `public` for everybody. Of the others stands the frame:
navigation, headline, and room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dashboard import board_news_scene, parts, scene
from dashboard.access import Viewer
from dashboard.board import narrowed
from dashboard.board_news import GoalNow, OrdersNow
from dashboard.first_paint.map import picture
from dashboard.first_paint.markup import Html, element, joined
from dashboard.frame import banner
from dashboard.links import Link, Linker
from dashboard.page import Page
from dashboard.sources import Sources
from dashboard.viewdata.public import public
from dashboard.views import kept
from dashboard.wording import Wording

FOLDER = Path(__file__).resolve().parent

#: Sheets of the page's own parts, so that the first screen looks as the page will.
_SHEETS = ("tokens.css", "masthead.css", "figures.css", "rivers.css", "cards.css", "public.css")

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """Who looks at which page.

    Attributes
    ----------
    viewer : Viewer
    pages : tuple of Page
        That the viewer may open, in the order of the navigation.
    page : Page
        One of them.
    words : Wording
    kept : tuple of tuple of str
        What of the address goes along to other pages: name and value.
    """

    viewer: Viewer
    pages: tuple[Page, ...]
    page: Page
    words: Wording
    kept: tuple[tuple[str, str], ...] = ()

    def address(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Address of a page, below the root."""
        asked = {**dict(self.kept), **(query or {})}
        where = "./" if path == self.pages[0].path else path
        return where + (f"?{urlencode(asked)}" if asked else "")

    def linker(self) -> Linker:
        """What makes of a link the data that are drawn; words alone where the viewer may not open the page."""
        open_ = {page.path for page in self.pages}

        def made(link: Link) -> dict[str, Any]:
            if link.path not in open_:
                return {"text": link.text}
            return {"text": link.text, "href": self.address(link.path, link.query)}

        return made


def screen(sources: Sources, frame: Frame) -> Html:
    """The first screen of a page.

    Parameters
    ----------
    sources : Sources
    frame : Frame

    Raises
    ------
    StoreError, BooksError
        If store or books cannot be read; the page says so in its place.
    """
    body = {"today": _today, "public": _public}.get(frame.page.path, _room)(sources, frame)
    return _whole(sources, frame, body)


def frame_alone(sources: Sources, frame: Frame) -> Html:
    """The frame of a page without anything in it."""
    return _whole(sources, frame, _room(sources, frame))


def _whole(sources: Sources, frame: Frame, body: Html) -> Html:
    _ = frame.words._
    w = frame.words
    links = [
        element(
            "a", {"href": frame.address(page.path), "aria-current": "page" if page is frame.page else None},
            page.title(_),
        )
        for page in frame.pages
    ]  # fmt: skip
    said = banner(sources.input, _)
    title = element(
        "h1", {}, w.site(sources.site), " ", element("span", {"class": "page"}, frame.page.heading(_))
    )  # fmt: skip
    head = _part(
        element("div", {"class": "mast"}, title),
        element("div", {"class": "banner", "role": "note"}, said) if said else None,
        element("noscript", {}, element("p", {"class": "banner"}, _still(frame))),
    )
    return joined([
        element("style", {}, style()),
        element("nav", {"aria-label": _("Pages")}, links),
        element("main", {}, head, body),
    ])  # fmt: skip


def _still(frame: Frame) -> str:
    """What is said where the browser runs no scripts."""
    _ = frame.words._
    if frame.page.path in ("today", "public"):
        return _("Without JavaScript this page shows how it was when it was opened: load it again to see it anew.")
    return _("This page needs JavaScript.")


@cache
def style() -> Html:
    """Sheet of the first screen; ours, and no text of anybody else's."""
    sheets = [(parts.FOLDER / name).read_text(encoding="utf-8") for name in _SHEETS]
    return Html("\n".join([*sheets, (FOLDER / "first.css").read_text(encoding="utf-8")]))


def _part(*children: Html | None) -> Html:
    return element("div", {"class": "rc"}, children)


def _room(sources: Sources, frame: Frame) -> Html:
    """Where the page is going to be."""
    box = element("div", {"class": "room", "aria-hidden": "true"})
    return _part(box, box, box)


def _today(sources: Sources, frame: Frame) -> Html:
    w, viewer, link = frame.words, frame.viewer, frame.linker()
    today = narrowed(sources.today(), viewer.rivers)
    if not today.rivers or not today.figures.ever:
        # Why there is nothing is the page's to say.
        return _room(sources, frame)
    orders: OrdersNow | None = None
    goals: tuple[GoalNow, ...] = ()
    if sources.books_url is not None:
        orders = kept.orders_of(sources, sources.books_url, viewer, today.now_ms)
        goals = tuple(goal.narrowed(viewer) for goal in kept.goals_of(sources, today.now_ms))
    found = kept.news_of(sources, sources.url, viewer.rivers, today)
    news = board_news_scene.cards(found, orders, goals, today, sources.site, w, link)
    rivers = scene.rivers(today, w, sources.ground, "")
    listed = element(
        "div", {"class": "rivers"},
        _watch(rivers["watch"], frame),
        element("div", {"class": "sheet"}, picture(rivers["ground"], rivers["rivers"], rivers["words"]["map"])),
    )  # fmt: skip
    cards = {card["key"]: _card(card) for card in news["cards"]}
    first = cards.pop("orders", None)
    columns = element(
        "div", {"class": "columns"},
        element("div", {"class": "rc do"}, element("div", {"class": "cards"}, first)) if first else None,
        element("div", {"class": "rc look"}, listed),
        # What remains to be done comes before what has been.
        element("div", {"class": "rc more-cards"}, element("div", {"class": "cards"}, [
            cards[key] for key in ("goals", "changes", "settled") if key in cards
        ])),
    )  # fmt: skip
    return joined([_part(*_figures(scene.figures(today, w))), columns])


def _figures(data: Data) -> list[Html]:
    """As ``parts/figures.js``."""
    alert = [element("div", {"class": "cut-off", "role": "alert"}, data["alert"])] if data["alert"] else []
    strip = element(
        "section", {"class": "figures", "aria-label": data["title"]},
        element("div", {"class": "alarms"}, [_alarm(one) for one in data["alarms"]]),
        _spread(data["bar"]),
        element("div", {"class": "stats"}, [_stat(one) for one in data["stats"]]),
    )  # fmt: skip
    return [*alert, strip]


def _alarm(one: Data) -> Html:
    return element(
        "div", {"class": "alarm", "data-cls": one["cls"]},
        element("div", {"class": "what"}, element("span", {"class": "count"}, one["count"]),
                element("span", {}, one["label"]),
                element("span", {"class": "note"}, one["change"]) if one.get("change") else None),
        element("div", {"class": "who"}, one["names"]),
    )  # fmt: skip


def _spread(bar: Data) -> Html:
    shown = [part for part in bar["parts"] if part["count"] > 0]
    size = [f"flex:{part['count']} 1 0" for part in shown]
    chips = [
        element("span", {"class": "chip", "data-cls": part["cls"], "style": room}, part["count"])
        for part, room in zip(shown, size, strict=True)
    ]
    keys = [element("span", {"style": room}, part["mark"]) for part, room in zip(shown, size, strict=True)]
    return element(
        "div", {"class": "spread", "role": "img", "aria-label": bar["aria"]},
        element("div", {"class": "title"}, element("b", {}, bar["when"]), element("span", {}, bar["title"]),
                element("span", {"class": "note"}, bar["note"])),
        element("div", {"class": "bar", "aria-hidden": "true"}, chips),
        element("div", {"class": "keys", "aria-hidden": "true"}, keys),
    )  # fmt: skip


def _stat(one: Data) -> Html:
    return element(
        "div", {"class": "stat", "data-stat": one["key"]},
        element("div", {"class": "label"}, one["label"]),
        element("div", {"class": "value"}, one["value"], element("small", {}, one["of"]) if one["of"] else None),
        element("div", {"class": "note warn" if one.get("warn") else "note"}, one["note"]),
    )  # fmt: skip


def _chip(mark: str, cls: str | None, *, old: bool = False) -> Html:
    return element("span", {"class": "chip old" if old else "chip", "data-cls": cls or "none"}, mark)


def _watch(data: Data, frame: Frame) -> Html:
    """As the list of ``parts/rivers.js``; each line opens the page with that river chosen."""
    lines = [element("li", {}, _item(one, frame)) for one in data["items"]]
    return element(
        "div", {"class": "watch"}, element("h2", {}, data["title"]),
        element("ul", {}, lines) if lines else element("p", {"class": "calm"}, data["empty"]),
    )  # fmt: skip


def _item(one: Data, frame: Frame) -> Html:
    trend = one["trend"]
    top = element(
        "span", {"class": "top"}, element("b", {}, one["name"]),
        element("span", {"class": f"trend {trend['to']}"}, trend["text"]) if trend else None,
        element("span", {"class": "since"}, one["since"]),
    )  # fmt: skip
    lines = [element("span", {"class": f"why {line['kind']}"}, line["text"]) for line in one["lines"]]
    href = frame.address(frame.page.path, {"river": one["river"]})
    return element(
        "a", {"class": "item", "href": href}, _chip(one["mark"], one["cls"], old=one["stale"]),
        element("span", {"class": "what"}, top, lines),
    )  # fmt: skip


def _card(one: Data) -> Html:
    """As ``parts/cards.js``."""
    title = element(
        "h2", {}, one["title"],
        [" ", element("span", {"class": "count"}, one["count"])] if "count" in one else None,
        [" ", element("span", {"class": "note"}, one["note"])] if one.get("note") else None,
    )  # fmt: skip
    lines = [_line(each) for each in one["lines"]]
    tone = one.get("tone")
    return element(
        "section", {"class": f"card {tone}" if tone else "card", "data-card": one["key"]}, title,
        element("ul", {}, lines) if lines else element("p", {"class": "dim"}, one.get("empty", "")),
        element("p", {"class": "more"}, _links(one["more"])) if one.get("more") else None,
    )  # fmt: skip


def _line(one: Data) -> Html:
    trend, meter, tone = one.get("trend"), one.get("meter"), one.get("tone")
    said = [
        _link(one["link"]) if one.get("link") else one.get("text", ""),
        [" ", element("span", {"class": f"trend {trend['to']}"}, trend["text"])] if trend else None,
        [" ", element("span", {"class": "note"}, one["note"])] if one.get("note") else None,
        _meter(meter) if meter else None,
    ]
    return element(
        "li", {"class": f"line {tone}" if tone else "line"},
        _chip(one["mark"], one.get("cls")) if one.get("mark") else None, " ", element("span", {"class": "said"}, said),
    )  # fmt: skip


def _meter(one: Data) -> Html:
    share = 100 * min(max(one["share"], 0.0), 1.0)
    bar = element("span", {"class": one["tone"], "style": f"width:{share:.1f}%"})
    return element("span", {"class": "meter", "role": "img", "aria-label": one["text"]}, bar)


def _link(one: Data) -> Html:
    if "href" not in one:
        return element("span", {}, one["text"])
    return element("a", {"class": "link", "href": one["href"]}, one["text"])


def _links(all_: Sequence[Data]) -> list[Html]:
    return [_link(one) for one in all_]


def _public(sources: Sources, frame: Frame) -> Html:
    """As ``parts/public.js``, from the data that hold nothing but class and trend."""
    today = sources.today()
    if not today.rivers or not today.figures.ever:
        return _room(sources, frame)
    data = public(today, frame.words, sources.ground)
    words = data["words"]
    heads = [element("th", {"scope": "col"}, words[name]) for name in ("cls", "river", "trend")]
    table = element(
        "table", {"class": "all"}, element("caption", {}, words["list"]),
        element("thead", {}, element("tr", {}, heads)),
        element("tbody", {}, [_public_row(one, words) for one in data["rivers"]]),
    )  # fmt: skip
    when = [element("b", {}, data["when"]), " ", element("span", {"class": "note"}, data["note"])]
    return _part(element(
        "div", {"class": "public"}, element("p", {"class": "when"}, when),
        picture(data["ground"], data["rivers"], words["map"]),
        element("div", {"class": "list"}, table),
        element("div", {"class": "meant"}, element("p", {"class": "note"}, data["clause"])),
    ))  # fmt: skip


def _public_row(one: Data, words: Data) -> Html:
    to, old = one["trend"]["to"], one["stale"]
    arrow = {"worse": "↓ ", "better": "↑ "}.get(to)
    return element(
        "tr", {"data-river": one["id"]}, element("td", {}, _chip(one["state"], one["cls"], old=old)),
        element("th", {"scope": "row"}, one["name"],
                element("span", {"class": "note"}, f" ◷ {words['old']}") if old else None),
        element("td", {}, element("span", {"class": f"trend {to}"},
                                  element("span", {"aria-hidden": "true"}, arrow) if arrow else None,
                                  one["trend"]["text"])),
    )  # fmt: skip
