"""Links: parameters of a page, and what it says; "" where it shows its usual view."""

from itertools import zip_longest

from tests.support.bad_inputs.settings import TEXT

_GONE = "does not exist here"
_MANY = "9" * 5000

# values that a parameter of the Explore page does not have
UNKNOWN = {
    "tensor": ("XX", "af", "AGF" * 1000, "\0", "<script>alert(1)</script>"),
    "nodes": ("x", "0", "41", "-5", "3.5", _MANY, "nan"),
    "epsilon": ("x", "0", "1", "1e-7", "-1e-2", ""),
    "target": ("neutral", "", "1", "#1", "POSITIVE", "\u202epositive", "![x](http://e)"),
    "for": ("neutral",),
    "against": ("neutral",),
    "at": ("film", "start", "99"),
    "heads": ("median", "0"),
    "residual": ("whole",),
    "gradients": ("inexact",),
    "source": ("99", "nowhere"),
    "node_capacities": ("yes", "1"),
    "depth_average": ("no",),
    "method": ("nonsense",),
    "show": ("letters",),
    "special": ("maybe",),
    "truncate": ("maybe",),
    "pair": ("maybe",),
    "side": ("maybe",),
    "view": ("nonsense", "sankey"),
    "by": ("letters",),
    "colour": ("blue",),
    "cut": ("maybe",),
    "fold": ("maybe",),
    "matrix": ("nonsense",),
    "matrix_layer": ("x", "99", "-1"),
    "head": ("x", "99"),
    "edge_layer": ("99",),
    "edge_token": ("film", "9999"),
    "agree": ("maybe",),
    "kept": ("12 %",),
    "tried": ("x",),
    "act": ("x",),
    "save_as": ("exe",),
    "device": ("tpu", "cuda:99"),
}

# the first value of each in one link, the second ones in another
TOGETHER = [
    {key: value for key, value in zip(UNKNOWN, values, strict=True) if value is not None}
    for values in zip_longest(*UNKNOWN.values())
]

EXPLORE = [
    *(
        ({"layers": layers}, _GONE)
        for layers in (
            ["9", "12"], ["0", "3"], ["-1", "2"], ["a", "b"], ["1.5", "2"], ["nan", "inf"],
            [_MANY, "2"], ["1e3", "2"],
        )
    ),
    ({"layers": ["5", "2"]}, "is read as 2 to 5"),
    ({"layers": "3"}, "gives 1 values for layers, which takes 2"),
    ({"layers": ["1", "2", "3"]}, "gives 3 values for layers, which takes 2"),
    ({"tensor": ["AF", "GF"]}, "gives 2 values for tensor, which takes 1"),
    *(
        ({"model": name}, "no preset")
        for name in ("./nothing", "a\0b", "~nobody/x", "x" * 5000, "![x](http://e/y)", "C:\\x")
    ),
    ({"model": "/etc/hostname"}, "is a file"),
    ({"model": "owner/name"}, "could be downloaded"),
    *(({"text": text}, "text is empty") for text in ("", " \n ")),
    *(({"text": text}, "finds no token in") for text in ("\0", "\u200b", "\u202e")),
    ({"text": "word " * 30_000}, "characters and this app takes"),
    ({"text": "word " * 3_000}, "explain its beginning only"),
    ({"text": TEXT, "pair": "true"}, "text is empty"),
    *(
        ({"focus": focus}, "is no part of a flow")
        for focus in ("L99.0", "x", "", "n1", "e1.2", "n1.1\n", "<b>", "n-1.0", f"n{_MANY}.0")
    ),
    *(({"focus": focus}, "What was in focus is not in this flow") for focus in (
        "n99.0", "n5.99", "e99.0.0", "p99", "p0",
    )),
    ({"nothing": "known"}, ""),
    ({"__proto__": "x"}, ""),
    ({"text": "<script>alert(1)</script> $x$ :red[y]"}, ""),
]  # fmt: skip

# codes of methods that mean nothing, and why
CODES = [
    *((code, "There is no method") for code in (
        "nonsense", ":", "AF,GF", "a" * 5000, "<b>x</b>", "![x](http://e)", "../AF", "\0", "af",
    )),
    ("AF:x=1", "has no option 'x'"),
    ("AF:=", "has no option ''"),
    *((f"AF:first_layer{rest}", "is not a value of 'first_layer'") for rest in (
        "=0", "=x", "", f"={_MANY}", "=1.5",
    )),
    *((f"lime:{rest}", "is not a value of") for rest in ("samples=0", "samples=1e99", "seed=nan")),
    ("AF:epsilon=inf", "is not a value of 'epsilon'"),
    *((f"AF:{rest}", "is not a choice of") for rest in (
        "aggregate=median", "aggregate=%00", "node_capacities=maybe",
    )),
    ("integrated_gradients:baseline=nothing", "is not a choice of 'baseline'"),
]  # fmt: skip

COMPARE = [
    ({"methods": "AF:first_layer=99"}, "cannot end at layer 99"),
    ({"methods": "AF:node_capacities=yes"}, "units of the logit"),
    ({"methods": ""}, "Pick at least one method"),
    ({"methods": [f"random:seed={seed}" for seed in range(1, 70)]}, "asks to compare 69 methods"),
    *(
        ({key: value}, _GONE)
        for key, value in (
            ("removed", "shred"), ("fractions", "2"), ("watched", "neutral"), ("scale", "huge"),
            ("top", "-1"), ("agree", "maybe"),
        )
    ),
]  # fmt: skip

EDIT = [
    ({"edited": ""}, "text is empty"),
    ({"edited": "\0"}, "finds no token in"),
    ({"edited": TEXT}, "Both texts are the same"),
    ({"edited": "x" * 200_000}, "characters and this app takes"),
    ({"edited": "word " * 3_000}, "explain its beginning only"),
    ({"what_if": "nonsense"}, _GONE),
    *(
        ({"what_if": "another model", "other": name}, said)
        for name, said in (
            ("./nothing", "no preset"), ("a\0b", "no preset"),
            ("owner/name", "could be downloaded"), ("", "Choose a second model"),
        )
    ),
]  # fmt: skip

LINKS = [
    *(("explore", *one) for one in EXPLORE),
    *(("compare", *one) for one in COMPARE),
    *(("edit", *one) for one in EDIT),
]
