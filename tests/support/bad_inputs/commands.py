"""Command lines, and the environment of an app that others reach."""

from tests.support.bad_inputs.settings import TEXT

_MANY = "9" * 5000


def _asked(said: str, *options: tuple[str, ...]) -> list[tuple[list[str], str]]:
    return [(["explain", TEXT, *one], said) for one in options]


# arguments of the command line -> what it says; its status is 2. `{folder}` has a `file`.
COMMANDS = [
    ([], "arguments are required"),
    (["--nothing"], "arguments are required"),
    (["nonsense"], "invalid choice: 'nonsense'"),
    (["explain"], "arguments are required"),
    (["models", "extra"], "unrecognized arguments: extra"),
    (["app", "--hosted=2"], "ignored explicit argument"),
    (["explain", ""], "text is empty"),
    (["explain", " \t "], "text is empty"),
    (["explain", "\u200b"], "finds no token in"),
    (["explain", "\udc80x"], "not in the encoding of this terminal"),
    (["explain", "x " * 3000], "(--truncate)"),
    *_asked("unrecognized arguments", ("extra",), ("--nothing",), ("--tensor", "AF")),
    *_asked("unrecognized arguments", ("--truncate", "yes"), ("--depth-average", "no")),
    *_asked(
        "expected one argument", ("--model",), ("--target",), ("--layers", "-1-3"), ("--graphml",)
    ),
    *_asked(
        "no preset",
        ("--model", "./nothing"), ("--model", ""), ("--model", "a\0b"), ("--model", "~nobody/x"),
    ),
    *_asked("Did you mean", ("--model", "minilm-review")),
    *_asked("cannot be read", ("--scores", "/nothing/here.csv"), ("--scores", "{folder}")),
    *_asked("no config.json", ("--model", "{folder}"), ("--model", "/")),
    *_asked("is a file", ("--model", "{folder}/file")),
    *_asked("There is no task", ("--task", "nonsense"), ("--task", "")),
    *_asked("attend in both directions", ("--task", "next token")),
    *_asked("has no revisions", ("--revision", "main"), ("--revision", "")),
    *_asked("is not a device", ("--device", "nonsense"), ("--device", ""), ("--device", "cpu:0")),
    *_asked("is not available", ("--device", "cuda:99")),
    *_asked(
        "is not a range of layers",
        ("--layers", "x"), ("--layers", "0-3"), ("--layers", "5-2"), ("--layers", "3"),
        ("--layers=-1-3",), ("--layers", "1-3-5"), ("--layers", ""), ("--layers", "1 - 3"),
        ("--layers", f"1-{_MANY}"),
    ),
    *_asked("Choose from 1-6", ("--layers", "1-99"), ("--layers", "7-9")),
    *_asked(
        "not one of the model's labels",
        ("--target", ""), ("--target", "neutral"), ("--target", "#9"), ("--target", "#-1"),
        ("--target", "#x"), ("--target", f"#{_MANY}"), ("--target", "POSITIVE"),
        ("--contrast", "positive", "neutral"), ("--contrast", "#0", "#7"),
    ),
    *_asked("with itself is always zero", ("--contrast", "positive", "positive")),
    *_asked("expected 2 arguments", ("--contrast", "positive")),
    *_asked(
        "not allowed with argument", ("--target", "positive", "--contrast", "positive", "negative")
    ),
    *_asked(
        "no place in it can be chosen",
        ("--at", "film"), ("--at", "start"), ("--at", "#2"), ("--at", ""), ("--at", f"#{_MANY}"),
    ),
    *_asked("text is empty", ("--second", ""), ("--second", "  ")),
    *_asked("not in the encoding", ("--second", "\udc80")),
    *_asked(
        "invalid choice",
        ("--variant", "XX"), ("--variant", "af"), ("--aggregate", "median"),
        ("--residual", "whole"), ("--gradients", "inexact"),
    ),
    *_asked(
        "units of the logit",
        ("--residual", "first order"), ("--node-capacities",),
        ("--node-capacities", "--variant", "AF", "--aggregate", "net"),
    ),
    *_asked(
        "is not a source",
        ("--source", "nowhere"), ("--source", "-1"), ("--source", "1.5"), ("--source", _MANY),
        ("--source", ""),
    ),
    *_asked("is not a position of this text", ("--source", "99")),
    *_asked("invalid float value", ("--epsilon", "x"), ("--epsilon", ""), ("--carried", "x")),
    *_asked(
        "at most 0.5",
        ("--epsilon", "0"), ("--epsilon", "2"), ("--epsilon=-1e-6",), ("--epsilon", "nan"),
        ("--epsilon", "1e999"),
    ),
    *_asked(
        "Edges cannot carry",
        ("--carried", "0"), ("--carried", "-1"), ("--carried", "2"), ("--carried", "nan"),
    ),
    *_asked(
        "to write into",
        ("--json", "/nothing/here/file.json"), ("--report", "{folder}/file/x.html"),
        ("--csv", "~nobody/file.csv"),
    ),
    *_asked("is a folder", ("--json", "{folder}"), ("--words", "")),
    *_asked("exists already", ("--nodes", "{folder}/file")),
    *_asked("have the same name", ("--csv", "{folder}/a", "--words", "{folder}/a")),
    *_asked("have the same name", ("--csv", "{folder}/a", "--words", "{folder}/./a")),
    *_asked(
        "cannot be written", ("--json", "{folder}/a\0b"), ("--graphml", "{folder}/" + "x" * 300)
    ),
]  # fmt: skip

# environments of a hosted app, and what is said of them
ENVIRONMENTS = [
    *(
        ({"GAF_HOSTED": value}, "Set it to 1 or 0")
        for value in ("2", "on", "-1", "ja", "TRUE!", "\u0661")
    ),
    *(
        ({"GAF_HOSTED": "1", f"GAF_MAX_{name}": value}, f"GAF_MAX_{name} is")
        for name, value in (
            ("CHARACTERS", "many"), ("CHARACTERS", "0"), ("TOKENS", "-1"), ("TOKENS", "1.5"),
            ("TOKENS", "1e3"), ("SAMPLES", "499"), ("SAMPLES", "0x10"), ("JOBS", "0"),
            ("JOBS", "\u0663"), ("VISITORS", "1,000"), ("VISITORS", "9" * 5000),
        )
    ),
    *(
        ({"GAF_HOSTED": "1", "GAF_MODELS": value}, "GAF_MODELS has the entry")
        for value in ("=x", "a=", "a=b,=", "=")
    ),
]  # fmt: skip
