"""Which definitions some code uses, found by reading it: function by function, method by method.

Nothing is imported or run. Where a use cannot be resolved, more is taken and never less:

- a name counts as used wherever it is read as a global, in a function that is used;
- a module that is used as a value (handed on, or asked for what it does not define) counts whole;
- the statements of a module that act when it is imported count as soon as it is imported;
- a method counts when its class is used and its name is read anywhere in what is used, as an attribute or as
  a text for `getattr`; special methods always do, and all methods of a class that a library's code may call
  because it inherits from one of the library's.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PURE = {
    *("abstractmethod", "asynccontextmanager", "cache", "cached_property", "classmethod", "contextmanager"),
    *("dataclass", "final", "lru_cache", "overload", "property", "runtime_checkable", "staticmethod"),
    *("total_ordering", "wraps", "setter"),
}
"""Decorators that only change what they decorate: such a definition counts when its name is used."""

PLAIN_BASES = {"object", "Protocol", "ABC", "Generic"}
"""Bases besides exceptions whose code calls no method of a subclass."""

UNWRITTEN = {"ctx", "kind", "type_comment", "type_ignores", "returns"}
"""Fields of a syntax tree that change nothing in what the code does."""

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.ClassDef)
FOLDERS = {"labkit": "src/labkit", "checks": "checks", "graders": "tests/graders"}
"""Where the course's modules are, by the first part of their name (`labkit.checks.loader`)."""

WHOLE = "*"
"""In place of a name: all that a module defines."""


# --- the normal form of code


def normalised(node: ast.AST, within: ast.ClassDef | None = None, keep_docstring: bool = False) -> str:
    """Code in a form that comments, docstrings, annotations and layout do not change.

    It is written by hand because `ast.dump` writes fields that some versions of Python have and others not:
    a field that is empty is left out.

    Args:
        node: a statement or an expression.
        within: the class in whose body it stands.
        keep_docstring: whether its own docstring counts: a decorator may read it.
    """
    if isinstance(node, ast.JoinedStr):
        return f"JoinedStr({','.join(_pieces(node))})"
    fields = []
    for name, value in ast.iter_fields(node):
        if name in UNWRITTEN or (name == "annotation" and not annotation_counts(node, within)):
            continue
        if isinstance(node, ast.Constant):
            fields.append(f"{type(value).__name__} {value!a}")
        elif isinstance(value, ast.AST):
            fields.append(f"{name}={normalised(value)}")
        elif isinstance(value, list) and value:
            items = value if name != "body" else [s for s in value if not is_text(s)]
            if name == "body" and keep_docstring and is_text(value[0]):
                items = [value[0], *items]
            inner = node if isinstance(node, ast.ClassDef) else None
            texts = [normalised(i, inner) if isinstance(i, ast.AST) else repr(i) for i in items]
            fields.append(f"{name}=[{','.join(texts)}]")
        elif value is not None and value != []:
            fields.append(f"{name}={value!r}")
    return f"{type(node).__name__}({','.join(fields)})"


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a text alone: a docstring, or words about an assignment."""
    return (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and type(node.value.value) is str
    )


def annotation_counts(node: ast.AST, within: ast.ClassDef | None) -> bool:
    """Whether an annotation may change what a class does: one that a base class may read, or `dataclass`."""
    if within is None or not isinstance(node, ast.AnnAssign):
        return False
    names = {last_name(n) for n in ast.walk(node.annotation) if isinstance(n, ast.expr)}
    return bool(within.bases) or not names.isdisjoint(("ClassVar", "InitVar", "KW_ONLY"))


def _pieces(text: ast.JoinedStr) -> Iterator[str]:
    """The pieces of an f-string: neighbouring texts as one, which versions of Python cut differently."""
    before = ""
    for value in text.values:
        if isinstance(value, ast.Constant):
            before += str(value.value)
            continue
        if before:
            yield ascii(before)
        before = ""
        yield normalised(value)
    if before:
        yield ascii(before)


# --- a module


@dataclass(frozen=True)
class Import:
    """What an import binds a name to: a module, or something in it."""

    module: str
    name: str | None = None


@dataclass
class Reading:
    """What one piece of code is and what it reads.

    Attributes:
        text: its normal form.
        uses: the names that it reads of modules, ``(module, name)``, `WHOLE` for all of a module.
        attributes: names of attributes, and texts that may be one.
        texts: the texts in it.
        libraries: the first names of the other packages that it uses.
        methods: of a class, the methods by name; the rest of this reading is the class without them.
        is_open: of a class, whether a library may call its methods by itself.
    """

    text: str
    uses: set[tuple[str, str]] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    libraries: set[str] = field(default_factory=set)
    methods: dict[str, list[Reading]] = field(default_factory=dict)
    is_open: bool = False


class Module:
    """The statements at the top of a file, by what they define.

    Args:
        name: its dotted name.
        source: its text.
        is_package: whether it is the ``__init__`` of a folder.

    Raises:
        SyntaxError: it is no Python.
    """

    def __init__(self, name: str, source: str, is_package: bool = False):
        self.name, self.package = name, name if is_package else name.rpartition(".")[0]
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, Import] = {}
        self.stars: list[str] = []
        self.imported: set[str] = set()
        self.effects: list[ast.stmt] = []
        self.readings: dict[int, Reading] = {}
        self.tree = ast.parse(source)
        tables = symtable.symtable(source, name, "exec").get_children()
        self._tables = {(t.get_name(), t.get_lineno()): t for t in tables}
        self._collect(self.tree.body)

    def _collect(self, statements: Iterable[ast.stmt], are_top: bool = True) -> None:
        """Sorts statements; those within an ``if`` or ``try`` bind names, and the whole of it acts."""
        for statement in statements:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self._import(statement)
            elif isinstance(statement, SCOPES):
                self.definitions.setdefault(statement.name, []).append(statement)
                if are_top and acts(statement):
                    self.effects.append(statement)
            elif isinstance(statement, ast.Assign | ast.AnnAssign) and (names := assigned(statement)):
                if module := imported_by_call(statement.value):
                    self.imports |= dict.fromkeys(names, Import(module))
                for name in names:
                    self.definitions.setdefault(name, []).append(statement)
            elif isinstance(statement, ast.If) and (typed := is_for_types(statement)) is not None:
                self._collect(statement.orelse if typed else statement.body, are_top)
                for part in statement.body if typed else statement.orelse:
                    if isinstance(part, ast.ImportFrom):
                        self._import(part, is_run=False)
            elif not is_text(statement):
                if are_top:
                    self.effects.append(statement)
                for field_name in ("body", "orelse", "finalbody"):
                    self._collect(getattr(statement, field_name, []), are_top=False)
                for handler in getattr(statement, "handlers", []):
                    self._collect(handler.body, are_top=False)
                for name in bound(statement):
                    self.definitions.setdefault(name, []).append(statement)

    def _import(self, statement: ast.Import | ast.ImportFrom, is_run: bool = True) -> None:
        """Notes what an import binds; one for type checkers tells what a name is that is loaded late."""
        for name, target in bindings(statement, self.package):
            if is_run:
                self.imported |= {target.module, f"{target.module}.{target.name}"}
            if name == WHOLE:
                self.stars.append(target.module)
            else:
                self.imports[name] = target
        if isinstance(statement, ast.Import):
            self.imported |= {alias.name for alias in statement.names}

    def globals_of(self, node: ast.stmt) -> set[str] | None:
        """The names that a function or class reads from its module; None where every name may be one."""
        if not isinstance(node, SCOPES):
            return None
        lines = [node.lineno, *(d.lineno for d in node.decorator_list)]
        table = next((t for line in lines if (t := self._tables.get((node.name, line)))), None)
        if table is None:
            return None
        names = set(global_names(table))
        outside = [*node.decorator_list]
        if isinstance(node, ast.ClassDef):
            outside += [*node.bases, *(k.value for k in node.keywords)]
        else:
            outside += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        return names | {n.id for o in outside for n in ast.walk(o) if isinstance(n, ast.Name)}


def read(name: str, path: Path) -> Module:
    """A module from its file; one that is no Python acts by its text as it is."""
    source = path.read_text(encoding="utf-8")
    try:
        return Module(name, source, path.name == "__init__.py")
    except (SyntaxError, ValueError):
        return Module(name, f"raise SyntaxError({source!a})")


def global_names(table: symtable.SymbolTable) -> Iterator[str]:
    """The names that a scope, or one within it, reads from the module."""
    yield from (s.get_name() for s in table.get_symbols() if s.is_global())
    for inner in table.get_children():
        yield from global_names(inner)


def acts(statement: Scope) -> bool:
    """Whether a definition does something when its module is imported: one of its decorators may."""
    return any(last_name(d) not in PURE for d in statement.decorator_list)


def last_name(node: ast.expr) -> str:
    """The last name of a decorator or a base: ``b`` of ``a.b(…)`` and of ``a.b[…]``."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def assigned(statement: ast.Assign | ast.AnnAssign) -> list[str]:
    """The names that an assignment binds; none where it writes to an attribute or an item."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
    names = [e.id for e in flat if isinstance(e, ast.Name)]
    return names if len(names) == len(flat) else []


def bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a loop, a with-block or any other statement binds itself."""
    for part in ast.walk(statement):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id


def is_for_types(statement: ast.If) -> bool | None:
    """Whether the body of an ``if`` is for type checkers only, or for all but them; None if it is neither."""
    test, is_yes = statement.test, True
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, is_yes = test.operand, False
    return is_yes if last_name(test) == "TYPE_CHECKING" else None


def imported_by_call(value: ast.expr | None) -> str | None:
    """The module that ``importlib.import_module("…")`` gives, if a value is that."""
    if isinstance(value, ast.Call) and last_name(value) == "import_module" and len(value.args) == 1:
        name = value.args[0]
        return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None
    return None


def bindings(statement: ast.Import | ast.ImportFrom, package: str) -> Iterator[tuple[str, Import]]:
    """The names that an import binds, each with what it stands for; `WHOLE` for a star."""
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            yield (
                (alias.asname, Import(alias.name))
                if alias.asname
                else (alias.name.partition(".")[0], Import(alias.name.partition(".")[0]))
            )
            continue
        module = statement.module or ""
        if statement.level:
            above = package.split(".")
            above = above[: len(above) - statement.level + 1]
            module = ".".join([*above, *([module] if module else [])])
        yield (
            (WHOLE, Import(module))
            if alias.name == "*"
            else (
                alias.asname or alias.name,
                Import(module, alias.name),
            )
        )


# --- all modules of a course


class Course:
    """The course's code, read where it is needed.

    Args:
        root: the course's folder.
    """

    def __init__(self, root: Path):
        self.root = root
        self._modules: dict[str, Module | None] = {}

    def file(self, name: str) -> Path | None:
        """The file of a module of the course; None if it is another's."""
        top, _, rest = name.partition(".")
        if top in FOLDERS and (rest or top == "labkit"):
            place = self.root / FOLDERS[top] / rest.replace(".", "/")
            for path in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
                if path.is_file():
                    return path
        return None

    def module(self, name: str) -> Module | None:
        """A module of the course, read; None if it is another's."""
        if name not in self._modules:
            path = self.file(name)
            self._modules[name] = read(name, path) if path else None
        return self._modules[name]

    def add(self, module: Module) -> None:
        """Takes code in as a module that has no file, such as the cells of a notebook."""
        self._modules[module.name] = module

    def reading(self, module: Module, node: ast.stmt) -> Reading:
        """What a statement of a module is and reads."""
        if id(node) not in module.readings:
            module.readings[id(node)] = self._read(module, node)
        return module.readings[id(node)]

    def _read(self, module: Module, node: ast.stmt) -> Reading:
        """Reads a statement; the methods of a class one by one."""
        keep = isinstance(node, SCOPES) and acts(node)
        names = module.globals_of(node)
        if not isinstance(node, ast.ClassDef):
            reading = Reading(normalised(node, keep_docstring=keep))
            _Reader(self, module, reading, names, node).visit(node)
            return reading
        methods = [s for s in node.body if isinstance(s, FUNCTIONS)]
        rest = ast.ClassDef(
            name=node.name,
            bases=node.bases,
            keywords=node.keywords,
            body=[s for s in node.body if s not in methods],
            decorator_list=node.decorator_list,
        )
        reading = Reading(normalised(rest, keep_docstring=keep), is_open=self._is_open(module, node))
        _Reader(self, module, reading, names, node).visit(rest)
        fields = [s.annotation for s in rest.body if isinstance(s, ast.AnnAssign) if node.bases]
        for annotation in fields:  # a base class may read them, as pydantic's does
            _Reader(self, module, reading, None, annotation).visit(annotation)
        for method in methods:
            part = Reading(normalised(method))
            _Reader(self, module, part, names, method).visit(method)
            reading.methods.setdefault(method.name, []).append(part)
        return reading

    def _is_open(self, module: Module, node: ast.ClassDef) -> bool:
        """Whether a class has a base whose own code may call its methods."""
        for base in node.bases:
            name = last_name(base)
            builtin = getattr(builtins, name, None)
            if name in PLAIN_BASES or (isinstance(builtin, type) and issubclass(builtin, BaseException)):
                continue
            places = list(self.resolve(module, base, set()))
            classes = [
                (home, s)
                for place, known in places
                if (home := self.module(place))
                for s in home.definitions.get(known, [])
            ]
            inherited = [(h, s) for h, s in classes if isinstance(s, ast.ClassDef) and s is not node]
            if not inherited or any(self._is_open(h, s) for h, s in inherited):
                return True
        return False

    def resolve(self, module: Module, node: ast.expr, libraries: set[str]) -> Iterator[tuple[str, str]]:
        """What of the course's modules a name, or a name with attributes, stands for.

        Args:
            module: where it stands.
            node: the name.
            libraries: the names of other packages are added here.

        Yields:
            ``(module, name)``; `WHOLE` for a module itself.
        """
        chain: list[str] = []
        while isinstance(node, ast.Attribute):
            chain.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            yield from self.named(module, [node.id, *chain], libraries)

    def named(self, module: Module, chain: list[str], libraries: set[str]) -> Iterator[tuple[str, str]]:
        """What a name of a module, and attributes of it, stand for."""
        name, *rest = chain
        if name in module.definitions:
            yield module.name, name
        if target := module.imports.get(name):
            yield from self.target(target, rest, libraries)
        elif name not in module.definitions:
            for star in module.stars:
                yield from self.target(Import(star, name), rest, libraries)

    def target(self, target: Import, rest: list[str], libraries: set[str]) -> Iterator[tuple[str, str]]:
        """What an import, and attributes of it, stand for."""
        chain = [*([target.name] if target.name else []), *rest]
        place = target.module
        home = self.module(place)
        if home is None and place:
            libraries.add(place.partition(".")[0])
        while chain and home is not None:
            name = chain[0]
            if name in home.definitions or name in home.imports:
                yield place, ""  # it is imported
                yield from self.named(home, chain, libraries)
                return
            if (inner := self.module(f"{place}.{name}")) is not None:
                place, home = f"{place}.{name}", inner
                chain.pop(0)
                continue
            if any(self.module(star) for star in home.stars):
                for star in home.stars:
                    yield from self.target(Import(star), chain, libraries)
                return
            break
        if home is not None:
            yield place, WHOLE


class _Reader(ast.NodeVisitor):
    """Fills a reading from a piece of code."""

    def __init__(
        self, course: Course, module: Module, reading: Reading, names: set[str] | None, top: ast.AST
    ):
        self.course, self.module, self.reading, self.names = course, module, reading, names
        self.local: dict[str, Import] = {}
        for node in ast.walk(top):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        """What is imported within a function: its names are local, and what they stand for is imported."""
        for name, target in bindings(node, self.module.package):
            if name == WHOLE:
                self.reading.uses |= set(
                    self.course.target(Import(target.module), [], self.reading.libraries)
                )
            else:
                self.local[name] = target
                if target.name:
                    self._use(self.course.target(target, [], self.reading.libraries))

    def _use(self, places: Iterable[tuple[str, str]]) -> None:
        """Notes uses, but no whole module: its name alone is no use yet."""
        self.reading.uses |= {(m, n if n != WHOLE else "") for m, n in places}

    def _named(self, name: str, attributes: list[str]) -> bool:
        """Notes what a name stands for; False if it is local, or a built-in one."""
        if target := self.local.get(name):
            self.reading.uses |= set(self.course.target(target, attributes, self.reading.libraries))
            return True
        if self.names is not None and name not in self.names:
            return False
        places = set(self.course.named(self.module, [name, *attributes], self.reading.libraries))
        self.reading.uses |= places
        return bool(places) or name in self.module.imports

    def visit_Name(self, node: ast.Name) -> None:
        self._named(node.id, [])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        attributes: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            attributes.insert(0, inner.attr)
            inner = inner.value
        self.reading.attributes.update(attributes)
        if isinstance(inner, ast.Name):
            self._named(inner.id, attributes)
        else:
            self.visit(inner)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        self.reading.attributes.update(node.kwd_attrs)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.reading.texts.add(node.value)
            if node.value.isidentifier():
                self.reading.attributes.add(node.value)
            if re.fullmatch(r"labkit(\.\w+)+", node.value) and self.course.module(node.value):
                self.reading.uses.add((node.value, WHOLE))

    def visit_Expr(self, node: ast.Expr) -> None:
        if not is_text(node):
            self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        """Annotations of parameters are not run."""

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, node.args, *node.body):
            self.visit(part)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        if node.value:
            self.visit(node.value)


# --- what is used


@dataclass(frozen=True)
class Used:
    """What some code uses.

    Attributes:
        code: each definition: ``module:name`` and its normal form.
        texts: the texts in it, each with its module.
        libraries: the first names of the other packages that it imports.
    """

    code: frozenset[tuple[str, str]]
    texts: frozenset[tuple[str, str]]
    libraries: frozenset[str]


class _Search:
    """A search for all that some seeds use."""

    def __init__(self, course: Course):
        self.course = course
        self.code: set[tuple[str, str]] = set()
        self.texts: set[tuple[str, str]] = set()
        self.libraries: set[str] = set()
        self.attributes: set[str] = set()
        self.todo: list[tuple[str, str]] = []
        self.waiting: dict[str, list[tuple[str, str, Reading]]] = {}
        self.taken: set[int] = set()

    def run(self, seeds: Iterable[tuple[str, str]]) -> Used:
        """Follows the seeds until nothing new is used."""
        self.todo, seen = list(seeds), set()
        while self.todo:
            place = self.todo.pop()
            if place not in seen:
                seen.add(place)
                self._visit(*place)
        return Used(frozenset(self.code), frozenset(self.texts), frozenset(self.libraries))

    def _visit(self, name: str, wanted: str) -> None:
        """Takes in a definition of a module, or all of them, or what acts when it is imported."""
        module = self.course.module(name)
        if module is None:
            return
        if wanted:
            self.todo.append((name, ""))
        if wanted == WHOLE:
            statements = [s for several in module.definitions.values() for s in several]
            for target in module.imports.values():
                self.todo.extend(self.course.target(target, [], self.libraries) if target.name else [])
        elif wanted:
            statements = module.definitions.get(wanted, [])
        else:
            statements = module.effects
            self.todo.extend((m, "") for m in (*module.imported, module.package, name.rpartition(".")[0]))
        for statement in statements:
            if id(statement) not in self.taken:
                self.taken.add(id(statement))
                self._define(module, statement)
        if wanted == WHOLE:
            self._release(lambda place: place[0] == name)

    def _define(self, module: Module, statement: ast.stmt) -> None:
        """Takes in a statement; of a class those methods whose names are read."""
        reading, label = self.course.reading(module, statement), name_of(statement)
        self._take(module.name, label, reading)
        for method, parts in reading.methods.items():
            is_called = reading.is_open or method in self.attributes
            is_called = is_called or (method.startswith("_") and method.endswith("_"))
            for part in parts:
                place = (module.name, f"{label}.{method}", part)
                if is_called:
                    self._take(*place)
                else:
                    self.waiting.setdefault(method, []).append(place)

    def _take(self, module: str, label: str, reading: Reading) -> None:
        """Takes in a reading and what it uses; methods that waited for a name that it reads follow."""
        self.code.add((f"{module}:{label}", reading.text))
        self.texts.update((module, text) for text in reading.texts)
        self.libraries |= reading.libraries
        self.todo.extend(reading.uses)
        for attribute in reading.attributes - self.attributes:
            self.attributes.add(attribute)
            for place in self.waiting.pop(attribute, []):
                self._take(*place)

    def _release(self, is_due: Callable[[tuple[str, str, Reading]], bool]) -> None:
        """Takes in the methods that wait and are used all the same."""
        for place in [p for places in self.waiting.values() for p in places if is_due(p)]:
            others = self.waiting.get(place[1].rpartition(".")[2], [])
            if place in others:  # or it was taken meanwhile
                others.remove(place)
                self._take(*place)


def name_of(statement: ast.stmt) -> str:
    """What a statement at the top of a module is called."""
    if isinstance(statement, SCOPES):
        return statement.name
    names = assigned(statement) if isinstance(statement, ast.Assign | ast.AnnAssign) else []
    return ", ".join(names) or "on import"


def used(course: Course, seeds: Iterable[tuple[str, str]]) -> Used:
    """All definitions that some seeds use, directly or not.

    Args:
        course: where the code is.
        seeds: ``(module, name)``; `WHOLE` for all of a module, an empty name for what acts on import.
    """
    return _Search(course).run(seeds)
