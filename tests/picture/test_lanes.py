import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gaf_core as gaf
from benchmarks.handmade import explanation_of, proportional_flow
from benchmarks.networks import informations
from gaf_core.picture.lanes import GAP, SLOT, place
from gaf_core.picture.reduction import reduce_flow
from tests.support.tolerance import assert_close, rounding, summed

relaxed = settings(max_examples=60, deadline=None)


@relaxed
@given(informations, st.integers(1, 14))
def test_nodes_keep_their_order_never_overlap_and_have_room_for_a_label(information, budget):
    network = gaf.FlowNetwork.from_information(information)
    solution = proportional_flow(network)
    assume(solution.value > 0)
    placed = place(reduce_flow(network, solution, budget))
    for centres, heights in zip(placed.centres, placed.heights, strict=True):
        apart = np.diff(centres)
        needed = (heights[:-1] + heights[1:]) / 2 + GAP
        near = rounding(placed.height, summed(len(heights)))
        assert np.all(apart >= needed - near)
        assert np.all(apart >= SLOT - near)
        assert np.all(centres - heights / 2 >= -near)
        assert np.all(centres + heights / 2 <= placed.height + near)
        assert_close(heights.sum(), placed.flow_height, roundings=summed(len(heights)))
    assert placed.flow_height >= placed.height / 3, "plotly would shrink its padding"


def test_a_token_stays_in_its_lane():
    explanation = explanation_of("one two three four five six", gaf.Settings("AF"), layers=5)
    placed = place(reduce_flow(explanation.network, explanation.solution, 20))
    drift = np.ptp(np.stack(placed.centres[:-1]), axis=0)
    assert drift.max() < 0.15 * placed.height


def test_one_node_alone_stands_in_the_middle():
    explanation = explanation_of("one two three four")
    placed = place(reduce_flow(explanation.network, explanation.solution, 20))
    assert placed.centres[-1].tolist() == [placed.height / 2]
