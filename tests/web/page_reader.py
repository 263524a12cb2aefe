"""Reads a report as a browser does: a tree walk that refuses tags that do not match."""

import json
import re
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "input", "hr"}
SVG_SHAPES = {"path", "rect", "line", "circle"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.text = text
        self.open = []
        self.tags = []
        self.words = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found, [name for name, _ in self.open], [each for _, each in self.open]))
        if tag not in VOID:
            self.open.append((tag, found))

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs), [name for name, _ in self.open], [each for _, each in self.open]))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}>"
        self.open.pop()

    def handle_data(self, data):
        name = self.open[-1][0] if self.open else ""
        self.words.setdefault(name, []).append(data)

    def cards(self, place):
        """data-id of the cards below the element with this id."""
        return [
            attrs["data-id"]
            for _, attrs, _, above in self.tags
            if "data-id" in attrs and any(each.get("id") == place for each in above)
        ]

    def twins(self):
        return [attrs["data-of"] for _, attrs, _, _ in self.tags if "data-of" in attrs]

    def tiles(self):
        pairs = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", self.text)
        return {name: value.replace(",", "") for name, value in pairs}

    def data(self):
        found = re.search(r'<script type="application/json" id="data">(.*?)</script>', self.text, re.DOTALL)
        return json.loads(found.group(1))

    def visible_text(self):
        return " ".join(word for tag, words in self.words.items() if tag not in ("script", "style") for word in words)
