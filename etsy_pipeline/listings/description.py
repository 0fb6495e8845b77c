"""Descriptions: Medusa's HTML, or whatever the shop typed, → the plain text that Etsy shows (FACTS §5).

Read as a stream of tags and not as a tree, by expressions that look at no character twice. What shops type is not
always HTML: BeautifulSoup and html.parser, tried first, raised on "<![<p>" and took a minute for 100 kB of "<a ".
"""

import html

import regex

from etsy_pipeline.listings.characters import sound
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

LONGEST = 50_000  # characters; no limit of Etsy's was found (FACTS §16), so this is ours

_BLOCKS = frozenset(
    ("p", "div", "ul", "ol", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "pre", "section",
     "article", "header", "footer", "figure", "hr")
)  # fmt: skip
_LINES = frozenset(("br", "tr", "dt", "dd"))
_INVISIBLE = frozenset(("script", "style", "template", "head", "noscript", "svg"))
_TAG = regex.compile(
    r"""<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]*+)(?=[\s/>])"""
    r"""(?:(?P<rest>(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>|(?P<odd>[^<>]*+)>)"""
)
_HREF = regex.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", regex.IGNORECASE)
_DECLARATION = regex.compile(r"<!--|<[!?]")
_MARKUP = regex.compile(r"<[a-zA-Z/!?]|&[a-zA-Z#]")
_LAID_OUT = regex.compile(r"<(?:p|div|br|ul|ol|li|h[1-6]|table)\b", regex.IGNORECASE)
_ADDRESSES = regex.compile(
    r"(?:https?://|(?<![\w.@])www\.)[^\s()<>]{1,200}+|(?<![\w.+-])[\w.+-]{1,64}+@(?:[\w-]{1,63}+\.){1,5}\w{2,24}+"
)
_SIGNS_OF_ADDRESSES = ("://", "www.", "@")  # most texts have none, and to find that out is cheap
_OF_ETSY = regex.compile(r"^(?:https?://)?(?:[\w-]{1,63}\.)?etsy\.(?:com|me)\b")
_CONTROLS = regex.compile(r"[\p{Cc}--\n\t]", regex.VERSION1)
_SPACES = regex.compile(r"[^\S\n]+")
_BLANK_LINES = regex.compile(r"\n{3,}")
_LONELY_MARK = regex.compile(r"(?m)^(-|\d+\.)\n+(?=\S)(?!- |\d+\. )")  # a paragraph within a list's item


def description(text: str, stand_in: str) -> tuple[str, list[Verdict]]:
    """A description as Etsy takes it, from plain text; the title where there is none (Etsy requires one)."""
    if not text:
        return stand_in, [verdict("description_missing")]
    if len(text) > LONGEST:
        return text[:LONGEST], [verdict("description_too_long", length=len(text), limit=LONGEST)]
    if not any(sign in text for sign in _SIGNS_OF_ADDRESSES):
        return text, []
    addresses = tuple(item for item in dict.fromkeys(_ADDRESSES.findall(text)) if not _OF_ETSY.search(item))
    return text, [verdict("description_addresses", addresses=addresses)] if addresses else []


def plain_text(markup: str) -> str:
    """HTML → text: paragraphs, lists and links are kept as text; plain text passes unchanged but for odd spaces."""
    unified = markup.replace("\r\n", "\n").replace("\r", "\n")
    if not _MARKUP.search(unified):
        return _tidy(unified)
    reader = _Reader(keeps_line_ends=not _LAID_OUT.search(unified))
    reader.read(_without_declarations(unified))
    return str(_LONELY_MARK.sub(r"\1 ", _tidy("".join(reader.parts))))


def _without_declarations(markup: str) -> str:
    """The same without comments and declarations. One that is not closed hides nothing: its text stays."""
    parts, position = [], 0
    not_closed: set[str] = set()
    while found := _DECLARATION.search(markup, position):
        closing = "-->" if found.group() == "<!--" else ">"
        end = -1 if closing in not_closed else markup.find(closing, found.end())
        if end < 0:
            not_closed.add(closing)
        parts.append(markup[position : found.start()])
        position = found.end() if end < 0 else end + len(closing)
    return "".join(parts) + markup[position:]


class _Reader:
    """Collects what a browser would show. Line ends of the source count only where no tag makes lines."""

    def __init__(self, *, keeps_line_ends: bool) -> None:
        self.parts: list[str] = []
        self._keeps_line_ends = keeps_line_ends
        self._hidden: list[str] = []
        self._link = ("", 0)  # address, and where its text begins in `parts`; links do not nest
        self._lists: list[int | None] = []  # the next number of an ordered list, None for others

    def read(self, markup: str) -> None:
        position = 0
        for found in _TAG.finditer(markup):
            self._text(html.unescape(markup[position : found.start()]))
            position = found.end()
            name, attributes = found["name"].lower(), found["rest"] or found["odd"] or ""
            if found["end"]:
                self._closed(name)
            elif not (name in _INVISIBLE and attributes.endswith("/")):
                self._opened(name, attributes)
        self._text(html.unescape(markup[position:]))

    def _opened(self, name: str, attributes: str) -> None:
        if name == "body":
            self._hidden.clear()
        elif name in _INVISIBLE:
            if name not in self._hidden:
                self._hidden.append(name)
        elif name == "a":
            self._link = (_address(attributes), len(self.parts))
        elif name == "li":
            self.parts.append(self._mark())
        elif name in {"td", "th"}:
            self.parts.append(" ")
        elif name in _LINES:
            self.parts.append("\n")
        elif name in _BLOCKS:
            self._break(name)
            if name in {"ul", "ol"}:
                self._lists.append(1 if name == "ol" else None)

    def _closed(self, name: str) -> None:
        if name in _INVISIBLE:
            if name in self._hidden:
                del self._hidden[self._hidden.index(name) :]
        elif name == "a":
            (address, start), self._link = self._link, ("", 0)
            if address and address not in "".join(self.parts[start:]):
                self._text(f" ({address})")
        elif name in _BLOCKS:
            if name in {"ul", "ol"} and self._lists:
                self._lists.pop()
            self._break(name)

    def _text(self, text: str) -> None:
        if text and not self._hidden:
            self.parts.append(text if self._keeps_line_ends else text.replace("\n", " "))

    def _break(self, tag: str) -> None:
        nested = tag in {"ul", "ol"} and bool(self._lists)
        self.parts.append("\n" if nested else "\n\n")

    def _mark(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "\n- "
        self._lists[-1] = number + 1
        return f"\n{number}. "


def _address(attributes: str) -> str:
    """Where a link leads, if that is a web page."""
    found = _HREF.search(attributes)
    address = html.unescape(next(filter(None, found.groups()), "")).strip() if found else ""
    return address if address.startswith(("http://", "https://")) else ""


def _tidy(text: str) -> str:
    visible = _CONTROLS.sub("", sound(text))
    lines = [line.strip() for line in _SPACES.sub(" ", visible).split("\n")]
    return str(_BLANK_LINES.sub("\n\n", "\n".join(lines))).strip()
