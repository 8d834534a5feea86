"""Which node types do scripts register, in the ways that scripts do it?"""

from __future__ import annotations

import pytest

from comfylock.definitions.javascript_source import read_javascript, read_scripts

IDIOMS = {
    "literal": "LiteGraph.registerNodeType('X', class {});",
    "in an extension": "app.registerExtension({ registerCustomNodes() {"
    " LiteGraph.registerNodeType('X', N); } });",
    "definition": "await app.registerNodeDef('X', { input: {} });",
    "constant": "const T = 'X'; LiteGraph.registerNodeType(T, N);",
    "constant of a constant": "const A = 'X'; const T = A; LiteGraph.registerNodeType(T, N);",
    "template": "const T = 'X'; LiteGraph.registerNodeType(`${T}`, N);",
    "escape": "LiteGraph.registerNodeType('\\u0058', N);",
    "sum": "LiteGraph.registerNodeType('' + 'X', N);",
    "either": "LiteGraph.registerNodeType(undefined || 'X', N);",
    "static": "class N { static type = 'X'; } LiteGraph.registerNodeType(N.type, N);",
    "set static": "class N {} N.type = 'X'; LiteGraph.registerNodeType(N.type, N);",
    "static of a base": "class B { static type = 'X'; } class N extends B {}\n"
    "LiteGraph.registerNodeType(N.type, N);",
    "class name": "class X {} LiteGraph.registerNodeType(X.name, X);",
    "class in a constant": "const N = class { static type = 'X'; }; "
    "LiteGraph.registerNodeType(N.type, N);",
    "object": "const T = { A: 'X' }; LiteGraph.registerNodeType(T.A, N);",
    "frozen object": "const T = Object.freeze({ 'A': 'X' }); LiteGraph.registerNodeType(T.A, N);",
    "function": "function t(n) { return n + ''; } LiteGraph.registerNodeType(t('X'), N);",
    "arrow": "const t = (n) => `${n}`; LiteGraph.registerNodeType(t('X'), N);",
    "arrow without brackets": "const t = n => n; LiteGraph.registerNodeType(t('X'), N);",
    "set up": "class B { static setUp() { LiteGraph.registerNodeType(this.type, this); } }\n"
    "class N extends B { static setUp() { super.setUp(); } }\nN.type = 'X'; N.setUp();",
    "set up by alias": "class B {\n"
    "static setUp() { LiteGraph.registerNodeType(this.type, this); } }\n"
    "class N extends B {}\nN.type = 'X'; const C = N; C.setUp();",
    "after a comment": "LiteGraph.registerNodeType(/* name */ 'X', N);",
    "in a broken file": "const = ;; LiteGraph.registerNodeType('X', N); function (",
}


@pytest.mark.parametrize("idiom", sorted(IDIOMS))
def test_an_idiom_gives_its_type(idiom: str) -> None:
    assert read_javascript(IDIOMS[idiom].encode(), "web/a.js") == ("X",)


NOT_REGISTERED = {
    "comment": "// LiteGraph.registerNodeType('X', N)",
    "text": "const help = \"LiteGraph.registerNodeType('X', N)\";",
    "no argument": "LiteGraph.registerNodeType();",
    "replaced": "const old = LiteGraph.registerNodeType; LiteGraph.registerNodeType = f;",
    "other setUp": "class B { static setUp() { LiteGraph.registerNodeType(this.type, this); } }\n"
    "class N extends B { static setUp(x) { other(x); } }\nN.type = 'X'; N.setUp(1);",
}


@pytest.mark.parametrize("case", sorted(NOT_REGISTERED))
def test_what_only_looks_like_it_is_not_taken(case: str) -> None:
    assert read_javascript(NOT_REGISTERED[case].encode(), "a.js") == ()


def test_an_unknown_name_is_a_problem() -> None:
    scripts = {"web/a.js": b"\nLiteGraph.registerNodeType(makeName(), N);"}
    types, problems = read_scripts(scripts)
    assert types == ()
    assert problems[0].path == "web/a.js:2"


def test_names_are_followed_through_imports() -> None:
    scripts = {
        "web/constants.js": b"export function add(s) { return s + ' (p)'; }\n"
        b"export const Types = { MUTER: add('Muter') };\nexport const LABEL = add('Label');",
        "web/base.js": b"export class Base { static setUp() {"
        b" LiteGraph.registerNodeType(this.type, this); } }",
        "web/muter.js": b"import { Types as T } from './constants.js?v=2';\n"
        b"import { Base } from './base.js';\nclass Muter extends Base {}\n"
        b"Muter.type = T.MUTER;\nMuter.setUp();",
        "web/label.js": b"import * as c from './constants.js';\n"
        b"LiteGraph.registerNodeType(c.LABEL, L);",
    }
    assert read_scripts(scripts) == (("Label (p)", "Muter (p)"), ())


def test_typescript_is_read() -> None:
    source = (
        b"export class N extends LGraphNode { static override type: string = 'X' as const; }\n"
        b"const T: Record<string, string> = { A: 'Y' } as const;\n"
        b"LiteGraph.registerNodeType(N.type, N);\nLiteGraph.registerNodeType(T.A, N as any);"
    )
    assert read_javascript(source, "src/a.ts") == ("X", "Y")


@pytest.mark.parametrize(
    "source",
    [
        "const A = B; const B = A; LiteGraph.registerNodeType(A, N);",
        "class A extends B {} class B extends A {} LiteGraph.registerNodeType(A.type, A);",
        "const f = (n) => f(n); LiteGraph.registerNodeType(f('X'), N);",
        "class A extends A { static s() { LiteGraph.registerNodeType(this.type, this); } } A.s();",
        "import { A } from './a.js'; LiteGraph.registerNodeType(A, N);",
        "const t = " + "`${" * 60 + "'x'" + "}`" * 60 + "; LiteGraph.registerNodeType(t, N);",
        "const a0 = 'xxxxxxxxxxxxxxxx';"
        + "".join(f"const a{i + 1} = a{i} + a{i};" for i in range(14))
        + "LiteGraph.registerNodeType(a14, N);",
    ],
)
def test_names_that_lead_nowhere_end(source: str) -> None:
    types, problems = read_scripts({"a.js": source.encode()})
    assert types == ()
    assert len(problems) <= 1


def test_deep_nesting_is_read() -> None:
    source = "LiteGraph.registerNodeType('X', N);" + "(" * 20_000 + "1" + ")" * 20_000
    assert read_javascript(source.encode(), "a.js") == ("X",)
