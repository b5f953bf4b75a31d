"""Values of settings, and texts: arguments of `gaf.explain` after the model."""

import numpy as np

TEXT = "A good film."

_NONE = "no value of the setting '{}'"
_OF_OTHER_KINDS = {
    "variant": ("XX", "", None, 1, ("AF",), ["AF"], {}, b"AF", "af", np.array(["AF", "GF"])),
    "aggregate": ("median", "", None, b"mean"),
    "residual": ("whole", None, True),
    "gradients": ("inexact", None, 0),
    "node_capacities": ("yes", None, 2),
    "depth_average": ("yes", None, [True]),
    "layers": (
        "ab", "12", (0.5, 2), (1,), (1, 2, 3), 3, (None, 2), ("1", "2"), {1, 2}, (True, 2),
        (float("nan"), 2), [0, "a"], np.eye(2),
    ),
    "heads": ("0", 0, (0.5,), (None,), ("0",), (True,), [[0]], {0}),
    "epsilon": (
        "x", "1e-6", None, float("inf"), float("nan"), (1e-6,), True, 10**400, np.ones(2), 1j,
    ),
    "target": (1.5, (0, 1, 2), (0,), (0, None), {"a": 1}, b"positive", [["a"], "b"], ()),
    "source": (1.5, None, (0,), True, [1, 2], "nowhere", ""),
    "truncate": ("yes", 1, None, 0),
}  # fmt: skip

# text, settings; the error, and what its sentence says
SETTINGS = [
    (("",), "TextError", "text is empty"),
    (("   \n\t ",), "TextError", "text is empty"),
    (("word " * 600,), "TextTooLongError", "the model takes 512"),
    (("word\n" * 600,), "TextTooLongError", "the model takes 512"),
    *(
        ((text,), "TextError", "finds no token in")
        for text in ("\0", "\u200b\u200d", "\u202e\u2066", "\x1b", "\ufeff")
    ),
    *(((text,), "TextError", "holds half a character") for text in ("\ud800 x", "a \udfff")),
    *(
        ((text,), "TextError", "one string, or a pair of strings")
        for text in (None, 3, b"bytes", [], (), ("a", "b", "c"), ("a", None), {"a": 1}, [["a"]])
    ),
    ((("a", ""),), "TextError", "text is empty"),
    *(
        ((TEXT, {name: value}), "SettingsError", _NONE.format(name))
        for name, values in _OF_OTHER_KINDS.items()
        for value in values
    ),
    *(
        ((TEXT, {"layers": layers}), "SettingsError", "holds no layer")
        for layers in ((0, 0), (4, 4), (5, 2), (-1, 3), (0, 7), (6, 7), (2, -1), (0, 10**5000))
    ),
    *(
        ((TEXT, {"heads": heads}), "SettingsError", "not a selection of heads")
        for heads in ((), (-1,), (12,), (0, 99), (10**5000,))
    ),
    *(
        ((TEXT, {"epsilon": epsilon}), "SettingsError", "above 0 and at most 0.5")
        for epsilon in (0, -1, 0.6, 1e9, -1e-300)
    ),
    *(
        ((TEXT, {"target": target}), "TargetError", "not one of the model's labels")
        for target in (
            "neutral", "", 2, -1, 99, ("positive", "neutral"), "POSITIVE", "positive\0", "\ud800",
            "x" * 10_000, 10**30, np.int64(7),
        )
    ),
    ((TEXT, {"target": ("positive", 1)}), "TargetError", "with itself is always zero"),
    ((TEXT, {"source": 99}), "SettingsError", "Choose from 0 to 5"),
    ((TEXT, {"source": -1}), "SettingsError", "Choose from 0 to 5"),
    ((TEXT, {"node_capacities": True}), "SettingsError", "units of the logit"),
    ((TEXT, {"residual": "first order"}), "SettingsError", "units of the logit"),
]  # fmt: skip

MODELS = [
    *(
        (name, "no preset")
        for name in (
            "./nothing", "/nothing", "a/b/c", "a\0b", "x" * 5000, "", " ", "~nobody/x", "\ud800",
            "C:\\models\\x", "file:///etc", "https://example.org/a/b", "owner/../name",
        )
    ),
    ("minilm-review", "Did you mean"),
    ("MINILM-REVIEWS", "Did you mean"),
    ("/etc/hostname", "is a file"),
    ("/", "no config.json"),
]  # fmt: skip
