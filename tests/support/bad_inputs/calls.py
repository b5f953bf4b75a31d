"""Calls of the library as somebody may write them: by the error and a part of its sentence.

What stands in them: `gaf`, `np`, a `model`, a `trace` and an `explanation` of `TEXT` with `t`
tokens, the `network` of two layers and three tokens, `score` for each edge, and the modules
`evaluation`, `flow`, `exports` and `to_html`.
"""

from tests.support.bad_inputs.measures import MEASURES

_NEEDED = "is needed here, and this is"

GROUPS: list[tuple[str, str, list[str]]] = [
    ("SettingsError", _NEEDED, [
        "gaf.load_model(None)", "gaf.load_model(3)", 'gaf.load_model(b"minilm-reviews")',
        'gaf.load_model("minilm-reviews", revision=3)', 'gaf.trace("minilm-reviews", TEXT)',
        "gaf.trace(None, TEXT)", "gaf.trace(model, TEXT, frozen=True)",
        'gaf.trace(model, TEXT, frozen="yes")', 'gaf.trace(model, TEXT, truncate="no")',
        'gaf.trace(model, TEXT, residual="first order")', 'gaf.explain(model, TEXT, "AGF")',
        'gaf.explain(model, TEXT, {"variant": "GF"})', "gaf.explain(model, TEXT, None)",
        "gaf.explain_trace(trace, None)", "gaf.explain_trace(TEXT)", "gaf.explain_trace(None)",
        "gaf.trace_for(model, TEXT, None)", "gaf.information_tensor(TEXT)", "gaf.solve(None)",
        "gaf.solve(score)", "gaf.solve_many(network)", "gaf.solve_many([network, None])",
        "gaf.central_path(network, 1e-2)", "gaf.max_flow(score)", "gaf.ambiguity(network, 3)",
        "gaf.ambiguity(network, [3])", "gaf.extreme_flows(score, 0)",
        'gaf.evaluate(model, TEXT, [0] * t, "mask")', "gaf.evaluate(model, TEXT, [0] * t, None)",
        'gaf.evaluate("minilm-reviews", trace, [0] * t)', "gaf.evaluate_all(model, trace, [0] * t)",
        "gaf.evaluate_all(model, TEXT, {})", "gaf.evaluate_all(model, None, {})",
        "gaf.evaluate_edges(model, TEXT, score)", "gaf.evaluate_all_edges(model, trace, [score])",
        'gaf.benchmark(model, [TEXT], ["AF"], perturbation="mask")',
        'gaf.benchmark(model, [TEXT], ["AF"], perturbation=None)',
        'gaf.benchmark(model, [TEXT], ["AF"], resume=3)', 'gaf.METHODS["AF"](model, TEXT)',
        'gaf.METHODS["AF"](model, None)', 'gaf.METHODS["occlusion"](None, trace)',
        'gaf.METHODS["saliency"]("minilm-reviews", trace)', 'gaf.EDGE_METHODS["flow"](model, TEXT)',
        "gaf.intervene(model, TEXT, score)", "gaf.intervene(None, trace, score)",
        "gaf.edge_set(None, tokens=[1])", "gaf.search_labels(model.labels, None)",
        'gaf.search_labels(model.labels, "a", limit="x")', "gaf.group_words(TEXT)",
        "gaf.written(None)", 'gaf.estimate_memory("minilm-reviews", 9)',
        "explanation.sankey(folded=3)", 'gaf.Perturbation("mask", target=None)',
        'gaf.Perturbation("mask", target=(0, 1))', 'gaf.Perturbation("mask", absolute="yes")',
        "evaluation.summarise(None)",
    ]),
    ("ModelError", "is not a device", [
        f'gaf.load_model("minilm-reviews", device={device!r})'
        for device in (None, 3, "CPU", "cpu:1", "", "tpu", "cuda:", "cuda:-1", "cuda:１")
    ]),
    ("ModelError", "is not available", ['gaf.load_model("minilm-reviews", device="cuda:99")']),
    ("ModelError", "has no revisions", ['gaf.load_model("minilm-reviews", revision="main")']),
    ("SettingsError", "There is no task", [
        f'gaf.load_model("minilm-reviews", task={task!r})'
        for task in ("nonsense", "", 3, b"tokens")
    ]),
    ("ModelError", "attend in both directions", [
        'gaf.load_model("minilm-reviews", task="next token")',
    ]),
    ("ModelError", "was not trained as one that", [
        'gaf.load_model("minilm-reviews", task="question answering")',
        'gaf.load_model("minilm-reviews", task="tokens")',
    ]),
    ("TargetError", "not one of the model's labels", [
        f"gaf.trace(model, TEXT, target={target})"
        for target in (
            "1.5", "True", 'b"positive"', '(0, None)', 'float("nan")',
            '{"a": 1}', "gaf.At(gaf.At(1))",
        )
    ]),
    ("TargetError", "A contrast is a pair of labels", [
        "gaf.trace(model, TEXT, target=[])", 'gaf.trace(model, TEXT, target=("positive",))',
    ]),
    ("TargetError", "no place in it can be chosen", [
        f"gaf.trace(model, TEXT, target=gaf.At(None, {place!r}))" for place in ("film", "start", 3)
    ]),
    ("TargetError", "There is no label", [
        "gaf.label_name(model.labels, 99)", 'gaf.label_name(model.labels, "positive")',
    ]),
    ("SettingsError", "ask for frozen gradients and this trace has exact ones", [
        'gaf.explain_trace(trace, gaf.Settings(gradients="frozen"))',
    ]),
    ("SettingsError", "has no first-order residuals", [
        'gaf.explain_trace(trace, gaf.Settings(residual="first order", aggregate="sum"))',
        'gaf.information_tensor(trace, "AGF", residual="first order", aggregate="net")',
    ]),
    ("SettingsError", "is not a tensor variant", [
        f"gaf.information_tensor(trace, {variant!r})" for variant in ("XX", None, 3, ["AF"])
    ]),
    ("SettingsError", "is not a head aggregate", [
        'gaf.information_tensor(trace, aggregate="median")',
        "gaf.information_tensor(trace, aggregate=None)",
    ]),
    ("SettingsError", "is not a residual", ['gaf.information_tensor(trace, residual="whole")']),
    ("SettingsError", "no value of the setting 'layers'", [
        f"gaf.information_tensor(trace, layers={layers!r})" for layers in (3, "ab", (2,), (0.5, 2))
    ]),
    ("SettingsError", "holds no layer", ["gaf.information_tensor(trace, layers=[3, 2])"]),
    ("SettingsError", "not a selection of heads", [
        f"gaf.information_tensor(trace, heads={heads})" for heads in ("[99]", "[]", "range(13)")
    ]),
    ("SettingsError", "no value of the setting 'heads'", [
        f"gaf.information_tensor(trace, heads={heads!r})" for heads in (["a"], 3, [0.5], "01")
    ]),
    ("CapacityError", "the shape [layers, tokens, tokens]", [
        f"gaf.FlowNetwork.from_information({tensor})"
        for tensor in ("None", "[]", "[[1.0]]", "[[[1.0, 2.0]]]", "np.zeros((0, 3, 3))", "3.0")
    ]),
    ("CapacityError", "a regular table of real numbers", [
        f"gaf.FlowNetwork.from_information({tensor})"
        for tensor in ('"text"', "[[[1.0], [1.0, 2.0]]]", '[[["a"]]]', "[[[1j]]]", "[[[10**400]]]")
    ]),
    ("CapacityError", "Capacities are finite and not negative", [
        f'gaf.FlowNetwork.from_information([[[float("{number}")]]])'
        for number in ("nan", "inf", "-1")
    ]),
    ("CapacityError", "beyond what a number can hold", [
        f"gaf.FlowNetwork.from_information([[[{number}]]])"
        for number in ("1e308", "5e-324", "1e-300")
    ]),
    ("CapacityError", "for each layer and token has the shape", [
        "gaf.FlowNetwork.from_information(np.ones((1, 2, 2)), residual=[[1.0]])",
        "gaf.FlowNetwork.from_information(np.ones((1, 2, 2)), node_capacity=3.0)",
    ]),
    ("CapacityError", "that cannot be", [
        "gaf.FlowNetwork.from_information(np.ones((1, 2, 2)), residual=[[-1.0, 0.0]])",
        "gaf.FlowNetwork.from_information(np.ones((1, 2, 2)), residual=[[np.inf, 0.0]])",
        "gaf.FlowNetwork.from_information(np.ones((1, 2, 2)), node_capacity=[[np.nan, 0.0]])",
    ]),
    ("SettingsError", "not a source", [
        'gaf.FlowNetwork.from_information(np.ones((1, 2, 2)), source="classification")',
    ]),
    ("SettingsError", "is not a position of this text", [
        f"gaf.FlowNetwork.from_information(np.ones((1, 2, 2)), source={source})"
        for source in ("2", "-1", "[]", "0.5", "None", '["a"]', "10**30", "[[0]]", "True")
    ]),
    ("SettingsError", "choose a value above 0 and at most 0.5", [
        *(
            f"gaf.solve(network, {epsilon})"
            for epsilon in ("0", "1", "-1e-6", '"x"', "None", "np.nan")
        ),
        'gaf.solve_many([network], "x")', "gaf.central_path(network, (2,))",
        'gaf.central_path(network, "abc")',
    ]),
    ("SettingsError", "must fall from one to the next", [
        "gaf.central_path(network, (1e-2, 1e-1))", "gaf.central_path(network, (1e-2, 1e-2))",
    ]),
    ("SettingsError", "There is no token", [
        "gaf.ambiguity(network, [[99]])", 'gaf.ambiguity(network, [["a"]])',
        "gaf.ambiguity(network, [[-1]])", "gaf.ambiguity(network, [[0.5]])",
        "gaf.extreme_flows(network, 99)", "gaf.extreme_flows(network, None)",
        'gaf.extreme_flows(network, "a")', "gaf.extreme_flows(network, 0.5)",
        "gaf.edge_set(trace, edges=[(0, 0, 99)])", "gaf.edge_set(trace, edges=[(0, 0, -1)])",
        "gaf.edge_set(trace, nodes=[(0, 99)])", "gaf.edge_set(trace, tokens=[99])",
        'gaf.edge_set(trace, tokens=["film"])', 'gaf.edge_set(trace, paths=[("a", "b")])',
        "gaf.edge_set(trace, paths=[(0, 99)])", "gaf.edge_set(trace, tokens=[0.5])",
    ]),
    ("SettingsError", "There is no layer", [
        "gaf.edge_set(trace, edges=[(9, 0, 0)])", "gaf.edge_set(trace, nodes=[(7, 0)])",
        'gaf.edge_set(trace, edges=[("a", 0, 0)])', "gaf.edge_set(trace, edges=[(0.5, 0, 0)])",
    ]),
    ("SettingsError", "An edge names a layer, a query and a key", [
        "gaf.edge_set(trace, edges=[(0, 0)])", "gaf.edge_set(trace, edges=[3])",
        'gaf.edge_set(trace, edges=["abc"])',
    ]),
    ("SettingsError", "A node names a layer and a token", ["gaf.edge_set(trace, nodes=[0])"]),
    ("SettingsError", "names 2 to 7 tokens", [
        "gaf.edge_set(trace, paths=[(0,)])", "gaf.edge_set(trace, paths=[(0,) * 9])",
        "gaf.edge_set(trace, paths=[0])",
    ]),
    ("SettingsError", "is a list, and", [
        "gaf.edge_set(trace, edges=3)", 'gaf.edge_set(trace, tokens="film")',
        "gaf.edge_set(trace, paths=None)",
    ]),
    ("SettingsError", "A flow to take paths of", [
        "gaf.widest_paths(None)", "gaf.widest_paths(np.ones((3, 3)))", 'gaf.widest_paths("abc")',
        "gaf.widest_paths(np.full((2, 2, 2), np.nan))", "gaf.widest_paths(np.ones((2, 2, 3)))",
    ]),
    ("SettingsError", "How many paths", [
        'gaf.widest_paths(np.ones((2, 2, 2)), count="a")',
        'gaf.widest_paths(np.ones((2, 2, 2)), share="all")',
    ]),
    ("SettingsError", "A cut of this network", [
        "flow.cut_nodes(network, np.ones((3, 3)))",
        "flow.cut_capacity(network, np.ones((2, 3), dtype=bool))",
        "flow.cut_edges(network, np.ones((3, 9), dtype=bool))",
    ]),
    *MEASURES,
]  # fmt: skip

CALLS = [(call, error, said) for error, said, calls in GROUPS for call in calls]
