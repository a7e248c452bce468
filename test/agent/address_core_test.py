"""Which VIPs a node may have: the decisions of an agent without a lease, from outside."""

import pytest
from agent.address.decide import BETWEEN_TRIES, MOST_LESS, decide, initial
from agent.address.plan import Check, Plan, Vip
from agent.address.state import Action, Answer, Moved, MoveUnits, Observation, SetTrack, State, Units
from agent.core.observation import Ending, Orders

START = 100_000


class Node:
    """One node with a clock of its own. What is answered stays so until another answer comes."""

    def __init__(self, *vips: Vip, told: "list[tuple[bool, int]] | None" = None, fresh: bool = True, **plan: int) -> None:
        self.plan = Plan("web-1", "v1", vips, ("web-2",))._replace(**plan)  # type: ignore[arg-type]
        self.now = START
        self.state: State = initial(self.plan, told or [(False, 0)] * len(vips), self.now, fresh)
        self.held: set[int] = set()
        self.orders = Orders()
        self.ending = Ending.NO

    def turn(self, *answers: Answer, moved: "tuple[Moved, ...]" = (), after: int = 100) -> "list[Action]":
        self.now += after
        seen = Observation(frozenset(self.held), answers, moved, self.orders, self.ending)
        self.state, actions = decide(self.plan, self.state, seen, self.now)
        return actions

    def good(self, vip: int = 0, check: int = 0, after: int = 100) -> "list[Action]":
        return self.turn(Answer(vip, check, True), after=after)

    def bad(self, vip: int = 0, check: int = 0, after: int = 100) -> "list[Action]":
        return self.turn(Answer(vip, check, False, "refused"), after=after)


def tracks(actions: "list[Action]") -> "list[Action]":
    return [action for action in actions if isinstance(action, SetTrack)]


def moves(actions: "list[Action]") -> "list[Action]":
    return [action for action in actions if isinstance(action, MoveUnits)]


WEB = Vip("web", (Check("tcp 80"),))


def test_a_node_is_fit_once_all_of_a_vips_checks_were_answered_well() -> None:
    node = Node(Vip("web", (Check("tcp 80"), Check("unit nginx.service"))))
    assert tracks(node.turn()) == []
    assert tracks(node.good(check=0)) == []
    assert node.state.vips[0].reason == "unit nginx.service was not answered yet"
    assert tracks(node.good(check=1)) == [SetTrack(0, True, 0)]
    assert node.state.vips[0].reason == ""


def test_so_many_bad_answers_in_a_row_count_and_so_many_good_ones() -> None:
    node = Node(Vip("web", (Check("tcp 80", rise=3, fall=2),)))
    node.good()
    assert tracks(node.bad()) == []
    node.good()  # the row is broken
    assert tracks(node.bad()) == []
    assert tracks(node.bad()) == [SetTrack(0, False, 0)]
    assert node.state.vips[0].reason == "tcp 80: refused"
    assert tracks(node.good() + node.good()) == []
    node.bad()
    assert tracks(node.good() + node.good()) == []
    assert tracks(node.good()) == [SetTrack(0, True, 0)]


def test_a_check_that_hangs_counts_as_bad() -> None:
    node = Node(Vip("web", (Check("command /bin/fit", patience=3_000),)))
    node.good()
    assert tracks(node.turn(after=3_000)) == []
    assert tracks(node.turn(after=1)) == [SetTrack(0, False, 0)]
    assert "has not been answered for 3 s" in node.state.vips[0].reason
    assert tracks(node.good() + node.good()) == [SetTrack(0, True, 0)]


def test_each_vip_has_checks_of_its_own() -> None:
    node = Node(WEB, Vip("api", (Check("tcp 81"),)))
    node.good(0)
    node.good(1)
    assert tracks(node.bad(1) + node.bad(1)) == [SetTrack(1, False, 0)]
    assert [one.fit for one in node.state.vips] == [True, False]


def test_a_check_with_a_weight_lessens_the_priority_and_is_no_fault() -> None:
    node = Node(Vip("web", (Check("tcp 80"), Check("uplink", weight=30), Check("disk", weight=200), Check("fan", weight=100))))
    for check in range(4):
        node.good(check=check)
    assert tracks(node.bad(check=1) + node.bad(check=1)) == [SetTrack(0, True, 30)]
    assert node.state.vips[0].reason == "uplink: refused"
    node.bad(check=2)
    node.bad(check=2)
    assert tracks(node.bad(check=3) + node.bad(check=3)) == [SetTrack(0, True, MOST_LESS)]


def test_another_agent_moves_nothing_before_its_checks_are_answered() -> None:
    node = Node(Vip("web", (Check("tcp 80"), Check("uplink", weight=30))), told=[(True, 30)], fresh=False)
    assert tracks(node.turn()) == []
    assert tracks(node.good(check=0)) == []
    assert (node.state.vips[0].fit, node.state.vips[0].less) == (True, 30)
    assert tracks(node.good(check=1)) == [SetTrack(0, True, 0)]
    assert tracks(node.bad(check=0) + node.bad(check=0)) == [SetTrack(0, False, 0)]


def test_what_nobody_answers_another_agent_does_not_believe_for_ever() -> None:
    node = Node(WEB, told=[(True, 0)], fresh=False)
    assert tracks(node.turn(after=5_001)) == [SetTrack(0, False, 0)]


def test_after_a_boot_the_preferred_node_goes_first() -> None:
    node = Node(Vip("web", (Check("tcp 80"),), preferred=False), let_first=5_000)
    assert tracks(node.good()) == []
    assert "goes first" in node.state.vips[0].reason
    assert tracks(node.turn(after=4_899)) == []
    assert tracks(node.turn(after=1)) == [SetTrack(0, True, 0)]
    later = Node(Vip("web", (Check("tcp 80"),), preferred=False), fresh=False)
    assert tracks(later.good()) == [SetTrack(0, True, 0)]


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        (Orders(stopped="new disk"), "stopped: new disk"),
        (Orders(leave="switchover"), "told to hand over: switchover"),
        (Orders(banned="old"), "banned: old"),
    ],
)
def test_an_order_takes_all_vips_away_and_gives_them_back(orders: Orders, words: str) -> None:
    node = Node(WEB, Vip("api"))
    node.good()
    node.orders = orders
    assert tracks(node.turn()) == [SetTrack(0, False, 0), SetTrack(1, False, 0)]
    assert node.state.vips[1].reason == words
    node.orders = Orders()
    assert tracks(node.turn()) == [SetTrack(0, True, 0), SetTrack(1, True, 0)]


def test_paused_it_looks_and_touches_nothing() -> None:
    node = Node(Vip("web", (Check("tcp 80"),), units=("vpn.service",)))
    node.good()
    node.turn(moved=(Moved(0, False),))
    node.orders = Orders(paused="new switch")
    node.held = {0}
    assert tracks(node.bad() + node.bad()) == []
    assert moves(node.turn()) == []
    assert node.state.vips[0].checks[0].good is False
    node.orders = Orders()
    assert tracks(node.turn()) == [SetTrack(0, False, 0)]


def test_units_start_with_the_vip_and_stop_without_it() -> None:
    node = Node(Vip("vpn", units=("vpn.service", "route.service")))
    assert moves(node.turn()) == [MoveUnits(0, False)]
    assert moves(node.turn()) == []
    node.turn(moved=(Moved(0, False),))
    node.held = {0}
    assert moves(node.turn()) == [MoveUnits(0, True)]
    # They are moved once, however long that takes.
    node.held = set()
    assert moves(node.turn()) == []
    assert moves(node.turn(moved=(Moved(0, True),))) == [MoveUnits(0, False)]
    node.turn(moved=(Moved(0, False),))
    assert node.state.vips[0].units is Units.STOPPED


def test_units_that_do_not_start_send_the_vip_elsewhere_for_a_while() -> None:
    node = Node(Vip("vpn", units=("vpn.service",)), hold_off=60_000)
    node.turn()
    node.turn(moved=(Moved(0, False),))
    node.held = {0}
    node.turn()
    assert tracks(node.turn(moved=(Moved(0, True, "vpn.service failed"),))) == [SetTrack(0, False, 0)]
    assert node.state.vips[0].reason == "the units of the VIP vpn cannot be started: vpn.service failed"
    # Not again while the VIP is on its way.
    assert moves(node.turn()) == []
    node.held = set()
    assert moves(node.turn(after=BETWEEN_TRIES)) == [MoveUnits(0, False)]
    node.turn(moved=(Moved(0, False),))
    assert tracks(node.turn(after=49_000)) == []
    assert tracks(node.turn(after=1_000)) == [SetTrack(0, True, 0)]


def test_units_that_do_not_stop_are_tried_again_and_not_at_once() -> None:
    node = Node(Vip("vpn", units=("vpn.service",)))
    node.turn()
    assert moves(node.turn(moved=(Moved(0, False, "busy"),))) == []
    assert moves(node.turn(after=BETWEEN_TRIES - 1)) == []
    assert moves(node.turn(after=1)) == [MoveUnits(0, False)]


def test_what_is_asked_on_the_holder_alone_may_take_its_time_to_start_and_then_counts() -> None:
    node = Node(Vip("vpn", (Check("unit vpn.service", on_holder=True),)), start_limit=10_000, hold_off=60_000)
    # Where the VIP is not, nothing is asked, and that is no fault.
    assert tracks(node.turn()) == [SetTrack(0, True, 0)]
    node.held = {0}
    node.turn()
    assert tracks(node.bad() + node.bad() + node.bad(after=5_000)) == []
    node.good()
    assert tracks(node.bad()) == []
    assert tracks(node.bad()) == [SetTrack(0, False, 0)]
    node.held = set()
    assert tracks(node.turn(after=59_999)) == []
    assert tracks(node.turn(after=1)) == [SetTrack(0, True, 0)]


def test_what_never_starts_on_the_holder_counts_once_its_time_is_over() -> None:
    node = Node(Vip("vpn", (Check("unit vpn.service", on_holder=True),)), start_limit=10_000)
    node.turn()
    node.held = {0}
    node.turn()
    assert tracks(node.bad(after=9_900)) == []
    assert tracks(node.bad(after=100)) == [SetTrack(0, False, 0)]


def test_an_orderly_end_gives_all_up_and_a_restart_nothing() -> None:
    node = Node(Vip("vpn", units=("vpn.service",)))
    node.held = {0}
    node.turn()
    node.turn(moved=(Moved(0, True),))
    node.ending = Ending.RESTART
    node.held = set()
    assert node.turn()[1:] == []
    node.ending = Ending.STOP
    assert tracks(node.turn()) == [SetTrack(0, False, 0)]
