"""Bad input by kind: what is asked for, and a part of the sentence that is the answer."""

TEXT = "A good film."

# arguments of gaf.explain after the model -> the error, and what its sentence says
LIBRARY = [
    (("",), "TextError", "text is empty"),
    (("   \n\t ",), "TextError", "text is empty"),
    (("word " * 600,), "TextTooLongError", "the model takes 512"),
    *(
        ((TEXT, {name: value}), "SettingsError", f"no value of the setting '{name}'")
        for name, values in {
            "variant": ("XX", "", None, 1, ("AF",)),
            "aggregate": ("median", "", None),
            "residual": ("whole", None),
            "gradients": ("inexact", None),
            "node_capacities": ("yes", None),
            "depth_average": ("yes", None),
            "layers": ("ab", "12", (0.5, 2), (1,), (1, 2, 3), 3, (None, 2), ("1", "2"), {1, 2}),
            "heads": ("0", 0, (0.5,), (None,), ("0",)),
            "epsilon": ("x", "1e-6", None, float("inf"), (1e-6,)),
            "target": (1.5, (0, 1, 2), (0,), (0, None), {"a": 1}),
            "source": (1.5, None, (0,)),
            "truncate": ("yes", 1, None),
        }.items()
        for value in values
    ),
    *(
        ((TEXT, {"layers": layers}), "SettingsError", "holds no layer")
        for layers in ((0, 0), (4, 4), (5, 2), (-1, 3), (0, 7), (6, 7), (2, -1))
    ),
    *(
        ((TEXT, {"heads": heads}), "SettingsError", "not a selection of heads")
        for heads in ((), (-1,), (12,), (0, 99))
    ),
    *(
        ((TEXT, {"epsilon": epsilon}), "SettingsError", "above 0 and at most 0.5")
        for epsilon in (0, -1, 0.6, 1e9)
    ),
    *(
        ((TEXT, {"target": target}), "TargetError", "not one of the model's labels")
        for target in ("neutral", "", 2, -1, 99, ("positive", "neutral"))
    ),
    ((TEXT, {"source": "everywhere"}), "SettingsError", "source"),
    ((TEXT, {"source": 99}), "SettingsError", "source"),
    ((TEXT, {"node_capacities": True}), "SettingsError", "units of the logit"),
]

MODELS = [
    *((name, "no preset") for name in ("./nothing", "/nothing", "a/b/c", "a\0b", "x" * 5000)),
    ("", "no config.json"),  # the folder in which Python was started
    ("minilm-review", "Did you mean"),
    ("~nobody/x", "no preset"),
]

# arguments of the command line -> what it says; its status is 2
COMMANDS = [
    (["explain", ""], "text is empty"),
    (["explain", TEXT, "--model", "./nothing"], "no preset"),
    (["explain", TEXT, "--layers", "x"], "layers"),
    (["explain", TEXT, "--layers", "5-2"], "layer"),
    (["explain", TEXT, "--target", "neutral"], "not one of the model's labels"),
    (["explain", TEXT, "--contrast", "positive", "neutral"], "not one of the model's labels"),
    (["explain", TEXT, "--epsilon", "2"], "at most 0.5"),
    (["explain", TEXT, "--device", "nonsense"], "device"),
    (["explain", TEXT, "--scores", "/nothing/here.csv"], "cannot be read"),
    (["explain", TEXT, "--json", "/nothing/here/file.json"], "/nothing/here"),
]

# parameters of a link to the Explore page; what it says, "" where it shows its usual view
LINKS = [
    ({"tensor": "XX"}, "does not exist here"),
    ({"target": "neutral"}, "does not exist here"),
    ({"nodes": "1000"}, "does not exist here"),
    ({"epsilon": "x"}, "does not exist here"),
    ({"layers": ["9", "12"]}, "does not exist here"),
    ({"layers": ["5", "2"]}, "is read as 2 to 5"),
    ({"device": "tpu"}, "does not exist here"),
    ({"show": "letters"}, "does not exist here"),
    ({"model": "./nothing"}, "no preset"),
    ({"model": "a\0b"}, "no preset"),
    ({"text": ""}, "text is empty"),
    ({"text": "word " * 30_000}, "characters and this app takes"),
    ({"focus": "L99.0"}, ""),
    ({"nothing": "known"}, ""),
]
