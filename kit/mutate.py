#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Small mistakes in C code, as somebody might make them: which ones a file offers, and
what it looks like with one of them. Only bodies of functions are changed, and nothing
in comments, strings, directives and assertions. A mistake that does not compile, or makes
no difference, is possible: who uses this finds out.
"""

import dataclasses
import re

TOKEN = re.compile(r"""
    (?P<gap>\s+|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:[^\n\\]|\\.)*)
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*\b)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)
""", re.VERBOSE | re.DOTALL | re.MULTILINE)

# What a sign between two values becomes.
RELATIONAL = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
              "==": ("!=",), "!=": ("==",)}
ARITHMETIC = {"+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",),
              "<<": (">>",), ">>": ("<<",), "&": ("|",), "|": ("&",), "^": ("|",),
              "+=": ("-=",), "-=": ("+=",), "*=": ("/=",), "/=": ("*=",),
              "&=": ("|=",), "|=": ("&=",), "++": ("--",), "--": ("++",)}
LOGICAL = {"&&": ("||",), "||": ("&&",)}
SWAPPED = {"min": "max", "max": "min", "min_t": "max_t", "max_t": "min_t",
           "min3": "max3", "max3": "min3"}
OPPOSITE = {"true": "false", "false": "true"}

ASSERTION = re.compile(r"damon_assert\w*|(?:WARN|BUG|BUILD_BUG|VM_WARN|VM_BUG)_ON\w*"
                       r"|static_assert|lockdep_assert\w*")
# A condition or a count in parentheses, then a statement.
HEADS = re.compile(r"if|while|for|switch|\w*for_each\w*")
# Words that no statement which can be left out begins with.
NO_STATEMENT = re.compile(r"if|else|for|while|do|switch|case|default|return|goto"
                          r"|const|static|struct|enum|union|unsigned|signed|int|long|short|char|bool|void"
                          r"|[us](?:8|16|32|64)|\w*for_each\w*|DECLARE_\w+")
TYPE = re.compile(r"const|struct|enum|union|unsigned|signed|int|long|short|char|bool|void"
                  r"|[us](?:8|16|32|64)|\w+_t")


@dataclasses.dataclass(frozen=True)
class Token:
    """A piece of text that is neither space nor comment."""
    kind: str
    text: str
    start: int

    @property
    def end(self):
        return self.start + len(self.text)


@dataclasses.dataclass(frozen=True)
class Mutant:
    """What is between two offsets of a text becomes something else."""
    operator: str
    start: int
    end: int
    text: str

    def apply(self, source):
        """The text with it. Each line stays where it is."""
        lost = source.count("\n", self.start, self.end) - self.text.count("\n")
        return source[:self.start] + self.text + "\n" * lost + source[self.end:]

    def line(self, source):
        return source.count("\n", 0, self.start) + 1

    def lines(self, source):
        """The lines that change, before and after, without what surrounds them."""
        first = source.rfind("\n", 0, self.start) + 1
        last = source.find("\n", self.end)
        last = len(source) if last < 0 else last
        old = source[first:last]
        new = source[first:self.start] + self.text + source[self.end:last]
        return squeeze(old), squeeze(new)


def squeeze(text):
    """The same in one line, so that it does not matter how lines are broken."""
    return " ".join(text.split())


def tokens(source):
    found = []
    for match in TOKEN.finditer(source):
        if match.lastgroup != "gap":
            found.append(Token(match.lastgroup, match.group(), match.start()))
    return found


def closing(toks, i):
    """Index of what closes the parenthesis or brace at index @i."""
    depth = 0
    pair = {"(": ")", "{": "}", "[": "]"}[toks[i].text]
    for j in range(i, len(toks)):
        if toks[j].text == toks[i].text:
            depth += 1
        elif toks[j].text == pair:
            depth -= 1
            if not depth:
                return j
    return len(toks) - 1


def bodies(toks):
    """Index ranges of the bodies of functions, and their names."""
    i = 0
    name = None
    while i < len(toks):
        if toks[i].text == "(" and i and toks[i - 1].kind == "name":
            name = toks[i - 1].text
            i = closing(toks, i)
            if i + 1 < len(toks) and toks[i + 1].text == "{":
                end = closing(toks, i + 1)
                yield name, i + 2, end
                i = end
        elif toks[i].text == "{":
            i = closing(toks, i)
        i += 1


def functions(source):
    """Names and the offsets of the bodies of the functions in a text."""
    toks = tokens(source)
    return [(name, toks[first - 1].start, toks[end].end)
            for name, first, end in bodies(toks)]


class Body:
    """The tokens of a function, and what can be changed in them."""

    def __init__(self, toks, first, end):
        self.toks = toks
        self.first = first
        self.end = end
        self.protected = set()
        for i in range(first, end):
            if toks[i].kind == "name" and ASSERTION.fullmatch(toks[i].text) and \
               toks[i + 1].text == "(":
                self.protected.update(range(i, closing(toks, i + 1) + 1))

    def mutants(self):
        found = []
        for i in range(self.first, self.end):
            if i not in self.protected:
                found += self.of_token(i)
        found += self.statements()
        return sorted(found, key=lambda m: (m.start, m.end, m.operator, m.text))

    def replace(self, operator, i, text):
        return Mutant(operator, self.toks[i].start, self.toks[i].end, text)

    def of_token(self, i):
        tok = self.toks[i]
        if tok.kind == "number":
            return self.of_number(i)
        if tok.kind == "name":
            return self.of_name(i)
        if tok.kind != "sign":
            return []
        if tok.text in ("++", "--"):
            return [self.replace("arithmetic", i, ARITHMETIC[tok.text][0])]
        if tok.text == "!":
            return [self.replace("negation", i, "")]
        if not self.is_binary(i):
            return []
        return [self.replace(operator, i, text)
                for operator, table in (("relational", RELATIONAL), ("arithmetic", ARITHMETIC),
                                        ("logical", LOGICAL))
                for text in table.get(tok.text, ())]

    def of_number(self, i):
        number = re.fullmatch(r"(\w+?)([uUlL]*)", self.toks[i].text)
        value = int(number[1], 16 if number[1].lower().startswith("0x") else 10)
        return [self.replace("constant", i, "%d%s" % (other, number[2]))
                for other in (value + 1, value - 1) if other >= 0]

    def of_name(self, i):
        tok = self.toks[i]
        after = self.toks[i + 1].text
        if tok.text in OPPOSITE:
            return [self.replace("constant", i, OPPOSITE[tok.text])]
        if after != "(":
            return []
        if tok.text in SWAPPED:
            return [self.replace("minmax", i, SWAPPED[tok.text])]
        if tok.text in ("if", "while"):
            last = closing(self.toks, i + 1)
            return [Mutant("negation", self.toks[i + 1].start, self.toks[last].end, "(!%s)" % text)
                    for text in [self.text(i + 1, last)]]
        return []

    def text(self, first, last):
        return "".join(self.spaced(first, last))

    def spaced(self, first, last):
        for i in range(first, last + 1):
            yield self.toks[i].text
            if i < last and self.toks[i].end != self.toks[i + 1].start:
                yield " "

    def is_binary(self, i):
        """There is a value, rather than a type or another sign, in front of it."""
        before = self.toks[i - 1]
        if before.text == "]":
            return True
        if before.text == ")":
            return not self.is_cast(i - 1)
        if before.kind == "number":
            return True
        if before.kind != "name" or before.text in ("return", "case", "else"):
            return False
        # "struct name *pointer" and "u64 *pointer"
        return not (self.toks[i].text == "*" and
                    (TYPE.fullmatch(before.text) or
                     self.toks[i - 2].text in ("struct", "enum", "union")))

    def is_cast(self, last):
        depth = 0
        for i in range(last, self.first - 1, -1):
            depth += (self.toks[i].text == ")") - (self.toks[i].text == "(")
            if not depth:
                return last - i > 1 and TYPE.fullmatch(self.toks[i + 1].text) is not None and \
                    self.toks[i - 1].text != "sizeof"
        return False

    def statements(self):
        """Each expression that is a statement of its own, and jumps, left out."""
        found = []
        i = self.first
        while i < self.end:
            tok = self.toks[i]
            if tok.text in ("{", "}", ";", "else", "do"):
                i += 1
            elif tok.kind == "name" and HEADS.fullmatch(tok.text):
                i = closing(self.toks, i + 1) + 1
            elif tok.text in ("case", "default"):
                while self.toks[i].text != ":":
                    i += 1
                i += 1
            else:
                last = self.statement_end(i)
                if i not in self.protected and not NO_STATEMENT.fullmatch(tok.text):
                    found.append(Mutant("removal", tok.start, self.toks[last].start, ""))
                i = last + 1
        return found

    def statement_end(self, i):
        while i < self.end and self.toks[i].text != ";":
            if self.toks[i].text in ("(", "{", "["):
                i = closing(self.toks, i)
            i += 1
        return min(i, self.end)


def mutants(source):
    """All of a text, by where they are."""
    toks = tokens(source)
    found = []
    for _, first, end in bodies(toks):
        found += Body(toks, first, end).mutants()
    return found
