"""Certificates for tests, made with openssl(1)."""

import subprocess

CONFIG = "[req]\ndistinguished_name = name\n[name]\n"  # nothing of the host's own configuration


class Authority:
    """A certification authority in a folder of its own. `certificate`: the path of its certificate."""

    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "openssl.cnf"
        folder.mkdir()
        self.config.write_text(CONFIG)
        self.certificate, self.key = self._make(
            "authority", "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"
        )

    def issue(self, name, usage, names="", signed=True):
        """Paths of a certificate and its key. `usage`: "clientAuth", "serverAuth"; `names`: "DNS:a.example,IP:127.0.0.1"."""
        extensions = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=" + usage]
        if names:
            extensions.append("subjectAltName=" + names)
        return self._make(name, *extensions, options=("-CA", self.certificate, "-CAkey", self.key) if signed else ())

    def _make(self, name, *extensions, options=()):
        certificate, key = self.folder / (name + ".pem"), self.folder / (name + ".key")
        command = ["openssl", "req", "-x509", "-config", self.config, "-subj", "/CN=" + name, "-days", "2"]
        command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate]
        for extension in extensions:
            command += ["-addext", extension]
        subprocess.run([*command, *options], check=True, capture_output=True)
        return certificate, key
