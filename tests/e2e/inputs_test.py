"""Every way for bytes to come in: files, folders, standard input, archives in archives, encodings."""

import bz2
import datetime
import gzip
import io
import lzma
import os
import subprocess
import tarfile
import zipfile

import jaga
from jaga import lines

EVENTS = [{"n": i, "text": "naïve ✓"} for i in range(3)]
TEXT = lines(EVENTS).encode()


def zip_of(members, **more):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **more) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tar_of(members, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Inputs(jaga.Case):
    def sources(self, *args, **more):
        return [event["_source"] for event in self.events("--source", *args, **more)]

    def test_a_file_and_standard_input_give_the_same(self):
        path = self.write("a", TEXT)
        self.assertEqual(self.events(path), EVENTS)
        self.assertEqual(self.events("-", stdin=TEXT), EVENTS)

    def test_syslog_without_a_year_is_read_from_a_pipe_and_dated_in_the_year_behind_us(self):
        line = "Mar 12 02:14:07 bastion sshd[2217]: Accepted password for root\n"
        self.write("log.gz", gzip.compress(line.encode(), mtime=0))
        os.utime(self.dir / "log.gz", (0, 0))
        for path, stdin in (("-", line), ("-", gzip.compress(line.encode(), mtime=0)), ("log.gz", b"")):
            event, = self.events("--source", path, stdin=stdin)
            self.assertEqual(event["program"], "sshd", path)
            age = datetime.datetime.now() - datetime.datetime.fromisoformat(event["_time"][:-1])
            self.assertTrue(-2 <= age.days <= 366, event["_time"])

    def test_compressed_files_are_known_by_content_not_by_name(self):
        for packed in (gzip.compress(TEXT), bz2.compress(TEXT), lzma.compress(TEXT)):
            self.assertEqual(self.events(self.write("log.txt", packed)), EVENTS)
            self.assertEqual(self.events("-", stdin=packed), EVENTS)
        self.assertEqual(self.events(self.write("plain.gz", TEXT)), EVENTS)

    def test_zstd(self):
        packed = subprocess.run(["zstd", "-q", "-c"], input=TEXT, capture_output=True, check=True).stdout
        self.assertEqual(self.events(self.write("a.zst", packed)), EVENTS)

    def test_several_compressed_streams_in_one_file_are_one(self):
        self.assertEqual(self.events("-", stdin=gzip.compress(TEXT) + gzip.compress(TEXT)), EVENTS * 2)

    def test_archives_name_their_members(self):
        for packed in (zip_of({"d/x": TEXT}), tar_of({"d/x": TEXT}), tar_of({"d/x": TEXT}, "w:xz")):
            path = self.write("a", packed)
            self.assertEqual(self.sources(path), [path + ":d/x"] * 3)
            self.assertEqual(self.sources("-", stdin=packed), ["stdin:d/x"] * 3)

    def test_archives_within_archives(self):
        inner = tar_of({"deep.json.gz": gzip.compress(TEXT), "plain.json": TEXT}, "w:gz")
        path = self.write("a.zip", zip_of({"logs.tgz": inner}))
        self.assertEqual(
            self.sources(path),
            [path + ":logs.tgz:deep.json.gz"] * 3 + [path + ":logs.tgz:plain.json"] * 3,
        )

    def test_too_deep_is_said(self):
        packed = TEXT
        for _ in range(6):
            packed = zip_of({"x.zip": packed})
        done = self.jaga("cat", self.write("a.zip", packed), code=jaga.UNREADABLE)
        self.assertIn("archives within archives", done.err)

    def test_an_encrypted_member_is_said_and_the_others_are_read(self):
        packed = bytearray(zip_of({"secret": b"x" * 100, "open.json": TEXT}))
        # Set the encryption bit of the first member, in its local and its central header.
        packed[6] |= 1
        packed[packed.index(b"PK\x01\x02") + 8] |= 1
        done = self.jaga("cat", self.write("a.zip", bytes(packed)), code=jaga.UNREADABLE)
        self.assertIn("a.zip:secret: encrypted", done.err)
        self.assertEqual(len(done.out.splitlines()), 3)

    def test_a_truncated_archive_gives_what_it_has(self):
        many = lines({"n": i, "filler": os.urandom(30).hex()} for i in range(5000)).encode()
        packed = gzip.compress(many)
        done = self.jaga("cat", self.write("a.gz", packed[: len(packed) // 2]), code=jaga.UNREADABLE)
        self.assertIn("archive is damaged", done.err)
        self.assertGreater(len(done.out.splitlines()), 1000)

    def test_folders_are_read_in_order_links_and_pipes_are_not(self):
        for name in ("f/b/2.json", "f/a/1.json", "f/3.json", "f/.hidden"):
            self.write(name, TEXT)
        self.write("outside.json", TEXT)
        os.symlink("..", self.dir / "f/a/loop")
        os.symlink(self.dir / "outside.json", self.dir / "f/link.json")
        os.mkfifo(self.dir / "f/pipe")
        self.assertEqual(
            self.sources("f")[::3], ["f/.hidden", "f/3.json", "f/a/1.json", "f/b/2.json"]
        )
        # A link that is named is followed.
        self.assertEqual(self.sources("f/link.json")[::3], ["f/link.json"])

    def test_a_folder_without_rights_is_said_and_the_rest_is_read(self):
        self.write("f/open/a.json", TEXT)
        self.write("f/closed/b.json", TEXT)
        (self.dir / "f/closed").chmod(0)
        done = self.jaga("cat", "f", code=jaga.UNREADABLE, preexec_fn=jaga.as_nobody)
        self.assertIn("f/closed: Permission denied", done.err)
        self.assertEqual(len(done.out.splitlines()), 3)

    def test_an_empty_file_is_no_error(self):
        self.assertEqual(self.events(self.write("empty", b"")), [])
        self.assertEqual(self.events(self.write("empty.gz", gzip.compress(b""))), [])
        self.assertEqual(self.events("-", stdin=b""), [])

    def test_binary_files_are_left_out_of_folders_and_said_when_named(self):
        self.write("f/a.json", TEXT)
        path = self.write("f/program", bytes(range(256)) * 100)
        self.assertEqual(self.sources("f")[::3], ["f/a.json"])
        self.assertIn("binary", self.jaga("cat", path, code=jaga.UNREADABLE).err)

    def test_utf16_and_byte_order_marks(self):
        text = TEXT.decode()
        for encoded in (text.encode("utf-16"), b"\xfe\xff" + text.encode("utf-16-be"), text.encode("utf-8-sig")):
            self.assertEqual(self.events(self.write("a.json", encoded)), EVENTS)
            self.assertEqual(self.events("-", stdin=encoded), EVENTS)
        big = lines({"n": i, "t": "𝄞é" * 20} for i in range(20000))
        path = self.write("big.json", big.encode("utf-16"))
        got = self.events(path)
        self.assertEqual(len(got), 20000)
        self.assertEqual(got[12345]["t"], "𝄞é" * 20)

    def test_a_format_can_be_named(self):
        done = self.jaga("cat", "--format", "plain", "-", stdin=b'{"a":1}\n')
        self.assertIn('{\\"a\\":1}', done.out)

    def test_record_numbers_count_on_through_chunks(self):
        path = self.write("a.json", lines({"n": i, "pad": "x" * 200} for i in range(1, 20001)))
        for jobs in (1, 3):
            events = self.events("--source", "-j", jobs, path)
            self.assertTrue(all(event["_record"] == event["n"] for event in events))
            self.assertEqual(len(events), 20000)

    def test_a_file_given_as_a_pipe(self):
        with subprocess.Popen(["cat", self.write("a", TEXT)], stdout=subprocess.PIPE) as cat:
            path = f"/dev/fd/{cat.stdout.fileno()}"
            done = self.jaga("cat", path, pass_fds=(cat.stdout.fileno(),))
        self.assertEqual(len(done.out.splitlines()), 3)


if __name__ == "__main__":
    jaga.main()
