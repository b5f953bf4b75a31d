"""Calls that measure, score, cut or draw; the others and what stands in them are in `calls`."""

MEASURES: list[tuple[str, str, list[str]]] = [
    ("SettingsError", "not a way to remove a token", [
        f"gaf.Perturbation({operator!r})" for operator in ("cut", 3, "", ["mask"], "MASK")
    ]),
    ("SettingsError", "above 0 and up to 1", [
        f'gaf.Perturbation("mask", fractions={fractions})'
        for fractions in ("()", "(0,)", "(1.1,)", "(np.nan,)", '"ab"', "0.5", "None", "(-0.5, 0.5)")
    ]),
    ("TargetError", "not one of the model's labels", [
        'gaf.evaluate(model, TEXT, [0] * t, gaf.Perturbation("mask", target="neutral"))',
        'gaf.evaluate(model, TEXT, [0] * t, gaf.Perturbation("mask", target=99))',
    ]),
    ("SettingsError", "do not fit a text of 6 tokens", [
        f"gaf.evaluate(model, TEXT, {scores})" for scores in ("[0] * 7", "[]", "None", "[[0] * 6]")
    ]),
    ("SettingsError", "rank nothing", [
        *(
            f"gaf.evaluate(model, TEXT, {scores})"
            for scores in ('"abc"', "[None] * t", '["a"] * t', "[np.nan] * t", "[1j] * t")
        ),
        "gaf.evaluate_edges(model, trace, score * np.nan)",
    ]),
    ("SettingsError", "attention edges of this text", [
        f"gaf.evaluate_edges(model, trace, {scores})"
        for scores in ("[0]", "None", '"a"', "[[0], [0, 1]]")
    ]),
    ("SettingsError", "lie between 0 and 1, without both", [
        f"gaf.evaluate_edges(model, trace, score, fractions={fractions})"
        for fractions in ("()", "(0,)", "(1,)", '"a"', "None", "(np.nan,)")
    ]),
    ("SettingsError", "no way to cut an edge", [
        'gaf.evaluate_edges(model, trace, score, kind="cut")',
        "gaf.evaluate_edges(model, trace, score, kind=None)",
        'gaf.intervene(model, trace, score, kind=["zero"])',
        'gaf.benchmark_edges(model, [TEXT], ["flow"], kind="cut")',
    ]),
    ("SettingsError", "A seed is a whole number", [
        *(
            f"gaf.evaluate_edges(model, trace, score, seed={seed})"
            for seed in ('"a"', "-1", "True")
        ),
        'gaf.benchmark(model, [TEXT], ["AF"], seed="x")',
        'gaf.benchmark_edges(model, [TEXT], ["flow"], seed=-1)',
    ]),
    ("SettingsError", "at least one text", [
        f"gaf.{benchmark}(model, {texts}, {methods})"
        for benchmark, methods in (("benchmark", ["AF"]), ("benchmark_edges", ["flow"]))
        for texts in ("[]", '"text"', "None", "3", '{"a": 1}')
    ]),
    ("SettingsError", "at least one method", [
        f"gaf.{benchmark}(model, [TEXT], {methods})"
        for benchmark in ("benchmark", "benchmark_edges")
        for methods in ("[]", '"AF"', "None", "()")
    ]),
    ("SettingsError", "There is no method", [
        *(
            f"gaf.benchmark(model, [TEXT], [{name}])"
            for name in ('"nonsense"', "3", "None", '"af"')
        ),
        'gaf.benchmark_edges(model, [TEXT], ["AGF"])', "gaf.benchmark_edges(model, [TEXT], [3])",
        'gaf.benchmark(model, [TEXT], [("a", "flows", {})])',
    ]),
    ("SettingsError", "names no method", [
        f"gaf.benchmark(model, [TEXT], [{one}])"
        for one in (
            '["AF"]', '("a", "AF")', '("a", "AF", None)', '("a", "AF", 3)', '({}, "AF", {})',
            '("", "AF", {})',
        )
    ]),
    ("SettingsError", "Two methods are called", [
        'gaf.benchmark(model, [TEXT], ["AF", "AF"])',
        'gaf.benchmark_edges(model, [TEXT], ["flow", ("flow", "capacity", {})])',
    ]),
    ("SettingsError", "one target a text", [
        'gaf.benchmark(model, [TEXT], ["AF"], targets=["positive", "negative"])',
        'gaf.benchmark(model, [TEXT], ["AF"], targets="ab")',
        'gaf.benchmark(model, [TEXT], ["AF"], targets=3)',
        'gaf.benchmark_edges(model, [TEXT], ["flow"], targets=[])',
    ]),
    ("SettingsError", "cannot hold the rows of this run", [
        f'gaf.benchmark(model, [TEXT], ["AF"], resume={path!r})'
        for path in ("/", "/nothing/here/rows", "a\0b", "/dev/null/rows")
    ]),
    ("SettingsError", "has no option", [
        'gaf.METHODS["AF"](model, trace, nothing=1)',
        'gaf.EDGE_METHODS["attention"](model, trace, seed=1)',
        'gaf.benchmark(model, [TEXT], [("a", "AF", {"x": 1})])',
    ]),
    ("SettingsError", "is not a value of 'first_layer'", [
        f'gaf.METHODS["AF"](model, trace, first_layer={value})'
        for value in ("0", '"x"', "1.5", "None", "True", "np.inf", "[1]", "-1", "{}")
    ]),
    ("SettingsError", "cannot end at layer", [
        'gaf.METHODS["AF"](model, trace, first_layer=7)',
        'gaf.METHODS["faithful"](model, trace, first_layer=99)',
        'gaf.EDGE_METHODS["flow"](model, trace, first_layer=10**9)',
    ]),
    ("SettingsError", "is not a choice of", [
        f'gaf.METHODS["AF"](model, trace, {choice})'
        for choice in (
            'aggregate="median"', 'aggregate=["mean"]', "aggregate=np.ones(3)",
            'node_capacities="yes"', 'residual="first order"', "source=3",
        )
    ]),
    ("SettingsError", "is not a value of", [
        'gaf.METHODS["AF"](model, trace, epsilon=0)',
        'gaf.METHODS["AF"](model, trace, epsilon="1")',
        'gaf.METHODS["AF"](model, trace, epsilon=np.ones(2))',
        'gaf.METHODS["lime"](model, trace, samples=0)',
        'gaf.METHODS["lime"](model, trace, samples=10**12)',
        'gaf.METHODS["lime"](model, trace, samples=10**5000)',
        'gaf.METHODS["lime"](model, trace, seed=-1)',
        'gaf.METHODS["lime"](model, trace, seed=2**40)',
        'gaf.METHODS["kernel_shap"](model, trace, samples="many")',
        'gaf.METHODS["integrated_gradients"](model, trace, steps=0)',
        'gaf.METHODS["random"](model, trace, seed="x")',
        'gaf.EDGE_METHODS["eap_ig"](model, trace, steps=501)',
        'gaf.EDGE_METHODS["random"](model, trace, seed=1.5)',
    ]),
    ("SettingsError", "A mask of this text is", [
        f"gaf.intervene(model, trace, {mask})"
        for mask in (
            "None", '"abc"', "[]", "[1.0]", "np.ones((6, t, t + 1))", "[[[1.0], [1.0, 2.0]]]",
        )
    ]),
    ("SettingsError", "A mask has numbers from 0", [
        f"gaf.intervene(model, trace, np.full((6, t, t), {number}))"
        for number in ("2.0", "-0.1", "np.nan", "1j", '"a"', "None", "np.inf")
    ]),
    ("SettingsError", "do not fit the 6 tokens of these words", [
        "gaf.word_scores(gaf.group_words(trace), [1.0])",
        "gaf.word_scores(gaf.group_words(trace), None)",
    ]),
    ("SettingsError", "is no number of tokens", [
        f"gaf.estimate_memory(model, {tokens})" for tokens in ('"many"', "-1", "1.5", "None")
    ]),
    ("SettingsError", "There is no option", [
        "explanation.heatmap(nothing=1)", "explanation.sankey(nothing=1)",
        "explanation.graph(nothing=1)", "explanation.bars(by_word=True)",
    ]),
    ("SettingsError", "A node budget of", [
        *(f"explanation.sankey(budget={budget})" for budget in ("0", '"x"', "-1", "1.5", "None")),
        "to_html(explanation, budget=0)",
    ]),
    ("SettingsError", "is no colouring", ['explanation.sankey(colour="blue")']),
    ("SettingsError", "is no unit of a picture", ['explanation.sankey(by="letters")']),
    ("SettingsError", "A part of th", [
        "explanation.sankey(part=np.ones((1, 1, 1)))",
        "explanation.sankey(part=-explanation.solution.edge_flow)",
    ]),
    ("SettingsError", "A cut of this network", [
        "explanation.graph(cut=np.ones((1, 1), dtype=bool))",
    ]),
    ("SettingsError", "cannot be opened", [
        "explanation.sankey(opened=(99,))", 'explanation.sankey(opened="ab")',
    ]),
    ("SettingsError", "cannot be folded away", ["explanation.sankey(folded={99})"]),
    ("SettingsError", "Edges cannot carry", [
        *(
            f"exports.to_json(explanation, carried={share})"
            for share in ("0", "2", '"x"', "None", "np.nan")
        ),
        "exports.edge_table(explanation, -1)", "exports.to_graphml(explanation, carried=0)",
    ]),
    ("SettingsError", "Give a table of numbers", [
        f"evaluation.bootstrap_interval({values})" for values in ("[]", '["a"]', "[1.0]", "None")
    ]),
    ("SettingsError", "is not among the methods measured", [
        'evaluation.paired(evaluation.measure(model, [TEXT], ["AF"]), "AF", "nonsense")',
    ]),
    ("SettingsError", "The rows have no column", [
        'evaluation.paired(evaluation.measure(model, [TEXT], ["AF"]), "AF", "AF", measures=("x",))',
        "evaluation.summarise(explanation.score_table())",
    ]),
]  # fmt: skip
