"""D10: doubt widens a STOP, never a START."""

from app.attribution import FANNED_OUT, NO_TRACES, NOBODY, Attribution, Candidate, Traces, attribute

SALON, SPA, SHOP = Candidate(1, ("salon martin", "martin")), Candidate(2, ("lilas",)), Candidate(3)


def on(*candidates, hint="", scope_all=False, account=None, code_known=True, traces=NO_TRACES):
    return attribute(candidates, hint=hint, scope_all=scope_all, account=account, code_known=code_known, traces=traces)


def test_the_only_sender_of_a_code_is_meant_with_certainty():
    found = on(SALON)

    assert (found.senders, found.basis, found.certain) == ((1,), "dedicated", True)


def test_a_stop_on_a_shared_code_concerns_all_its_senders():
    found = on(SPA, SALON, SHOP)

    assert (found.senders, found.basis, found.candidates, found.certain) == ((1, 2, 3), "shared", 3, False)


def test_a_keyword_narrows_a_shared_code_to_its_sender():
    found = on(SALON, SPA, SHOP, hint="lilas svp")

    assert (found.senders, found.basis, found.certain) == ((2,), "keyword", True)


def test_a_keyword_of_several_words_must_be_there_whole():
    assert on(SALON, SPA, hint="salon").basis == "shared"
    assert on(SALON, SPA, hint="le salon martin").senders == (1,)


def test_a_keyword_inside_another_word_does_not_count():
    assert on(SALON, SPA, hint="lilasse").basis == "shared"


def test_two_named_senders_widen_to_all():
    assert on(SALON, SPA, SHOP, hint="martin lilas").senders == (1, 2, 3)


def test_stop_to_all_concerns_everyone_whatever_the_hint():
    found = on(SALON, SPA, hint="lilas", scope_all=True)

    assert (found.senders, found.basis) == ((1, 2), "all")


def test_the_account_named_by_the_operator_comes_before_everything():
    found = on(SALON, SPA, hint="lilas", account=1)

    assert (found.senders, found.basis, found.certain) == ((1,), "account", True)


def test_an_unknown_code_reaches_everyone_and_is_never_certain():
    found = on(SALON, code_known=False)

    assert (found.senders, found.basis, found.certain) == ((1,), "reachable", False)


def test_a_code_of_nobody_concerns_nobody():
    assert on().senders == ()


def test_the_bases_that_name_no_sender_are_those_that_are_not_certain():
    for candidates in ([SALON], [SALON, SPA], [SALON, SPA, SHOP]):
        for hint in ("", "martin", "lilas", "martin lilas"):
            for more in ({}, {"scope_all": True}, {"account": 2}, {"code_known": False}):
                found = on(*candidates, hint=hint, **more)
                assert (found.basis in FANNED_OUT) is not found.certain

    assert NOBODY.basis not in FANNED_OUT  # it concerns no sender at all


def looked_back(*cleared, enforced=(1, 2, 3), hours=72):
    return Traces(enforced=frozenset(enforced), cleared=frozenset(cleared), hours=hours)


def test_the_only_enforced_sender_that_cleared_the_number_is_meant_but_not_certain_enough_to_lift():
    found = on(SALON, SPA, SHOP, traces=looked_back(2))

    assert (found.senders, found.basis, found.candidates, found.certain) == ((2,), "cleared", 3, False)


def test_senders_that_are_not_enforced_are_never_left_out():
    found = on(SALON, SPA, SHOP, traces=looked_back(2, enforced=(1, 2)))

    assert (found.senders, found.basis, found.certain) == ((2, 3), "widened", False)


def test_the_last_one_left_is_widened_while_it_is_not_enforced_itself():
    found = on(SALON, SPA, SHOP, traces=looked_back(enforced=(1, 2)))

    assert (found.senders, found.basis) == ((3,), "widened")


def test_several_enforced_senders_that_cleared_the_number_are_all_meant():
    found = on(SALON, SPA, SHOP, traces=looked_back(1, 2))

    assert (found.senders, found.basis) == ((1, 2), "widened")


def test_when_nobody_would_be_left_everybody_is_meant():
    found = on(SALON, SPA, SHOP, traces=looked_back())

    assert (found.senders, found.basis, found.certain) == ((1, 2, 3), "shared", False)


def test_a_look_back_that_rules_nobody_out_leaves_the_basis_as_it_is():
    assert on(SALON, SPA, SHOP, traces=looked_back(1, 2, 3)).basis == "shared"
    assert on(SALON, SPA, SHOP, traces=looked_back(enforced=())).basis == "shared"


def test_stop_to_all_and_a_keyword_come_before_the_look_back():
    assert on(SALON, SPA, SHOP, scope_all=True, traces=looked_back(2)).senders == (1, 2, 3)
    assert on(SALON, SPA, SHOP, hint="martin", traces=looked_back(2)).senders == (1,)


def test_the_message_that_is_answered_comes_before_a_keyword_and_after_the_account():
    named = Traces(answered=2)

    assert on(SALON, SPA, hint="martin", traces=named) == Attribution((2,), "reply", 2, certain=True)
    assert on(SALON, SPA, account=1, traces=named).basis == "account"


def test_a_check_of_a_sender_that_does_not_use_the_code_names_nobody():
    assert on(SALON, SPA, traces=Traces(answered=3)).basis == "shared"


def test_the_message_answered_is_not_certain_on_an_unknown_code():
    assert on(SALON, SPA, code_known=False, traces=Traces(answered=2)) == Attribution((2,), "reply", 2, certain=False)
