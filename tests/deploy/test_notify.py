"""Readiness and status reach whoever listens, and nobody is needed."""

from deploy.notify import Listener, notify, ready, status


def test_what_a_service_says_arrives(monkeypatch) -> None:
    listener = Listener()
    try:
        for key, value in listener.environ("hub").items():
            monkeypatch.setenv(key, value)
        ready(port="5")
        status("half full", level="0.5")
        assert listener.receive(1) == {"READY": "1", "X_SERVICE": "hub", "X_PORT": "5"}
        assert listener.receive(1) == {"STATUS": "half full", "X_SERVICE": "hub", "X_LEVEL": "0.5"}
        assert listener.receive(0.01) is None
    finally:
        listener.close()
    notify(READY="1")  # nobody listens any more: no error


def test_systemd_s_socket_on_disk_is_understood(monkeypatch, tmp_path) -> None:
    import socket

    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        listening.settimeout(1)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.delenv("RIVERCHIEF_SERVICE", raising=False)
        ready()
        assert listening.recv(1000) == b"READY=1\nX_SERVICE="


def test_without_a_listener_nothing_happens(monkeypatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    ready()
