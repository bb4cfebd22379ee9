import numpy as np

from mazemesh.collecting import global_state


def test_states_of_several_columns_are_cut_as_one() -> None:
    states = {
        "state.map": np.arange(24, dtype=np.uint8).reshape(3, 2, 4),
        "state.clock": np.arange(3, dtype=np.float32),
    }
    packed = global_state.packed(states)[[2, 0]]
    found = global_state.columns(packed, "last_")
    assert list(found) == ["last_global_state.map", "last_global_state.clock"]
    for name, column in states.items():
        cut = found[f"last_global_state{name.removeprefix('state')}"]
        np.testing.assert_array_equal(cut, column[[2, 0]])
        assert cut.flags.c_contiguous
        assert cut.dtype == column.dtype


def test_one_column_is_passed_on_as_it_is_and_none_is_none() -> None:
    state = np.ones((3, 2), np.float32)
    assert global_state.packed({"state": state}) is state
    assert global_state.columns(state) == {"global_state": state}
    assert global_state.columns(global_state.packed({})) == {}
