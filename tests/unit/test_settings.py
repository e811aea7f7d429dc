"""The environment, read once."""

from pathlib import Path

import pytest

from app.settings import SettingsError, default_data_dir, from_environ


def test_the_data_directory_is_the_users_own_by_default():
    assert from_environ({"HOME": "/home/anne"}).data_dir == Path("/home/anne/.local/share/stop-registry")


def test_without_a_home_the_data_directory_is_a_services():
    assert default_data_dir({}) == Path("/var/lib/stop-registry")


def test_the_option_comes_before_the_environment():
    assert from_environ({"STOP_REGISTRY_DATA_DIR": "/a"}, Path("/b")).data_dir == Path("/b")


def test_numbers_are_read():
    assert from_environ({"HOME": "/h", "STOP_REGISTRY_CHECK_NUMBERS_MAX": "5"}).check_numbers_max == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [("JOURNAL_DAYS", "179"), ("JOURNAL_DAYS", "367"), ("CONTACT_DAYS", "13"), ("QUARANTINE_DAYS", "0")],
)
def test_periods_have_the_bounds_that_law_and_look_back_give_them(name, value):
    with pytest.raises(SettingsError, match=name):
        from_environ({"HOME": "/h", f"STOP_REGISTRY_{name}": value})


def test_all_faults_are_told_at_once():
    environ = {"HOME": "/h", "STOP_REGISTRY_CHECK_NUMBERS_MAX": "many", "STOP_REGISTRY_BODY_SECONDS_MAX": "soon"}

    with pytest.raises(SettingsError, match=r"(?s)CHECK_NUMBERS_MAX.*BODY_SECONDS_MAX|BODY_SECONDS_MAX.*CHECK_NUMBERS"):
        from_environ(environ)
