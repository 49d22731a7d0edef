"""Places of addresses: what a file of places says is found, and without one a hunt says so."""

import json

import jaga
from hunt_test import HuntCase
from jaga import USAGE
from mmdb import mmdb, place
from saved_hunts_test import HEADER, SavedCase

ABROAD = HEADER + 'windows_sysmon | where isnotempty(geo_info_from_ip_address(SourceIp).country)\n'

PLACES = {
    "203.0.113.0/24": place("Austria", 48.2, 16.37, "Vienna", "Vienna State"),
    "198.51.100.64/26": place("Iceland", -0.5, 0.0),
    "2001:db8::/32": place("Ruritania", city='Stre"lsau'),
}
VIENNA = {"country": "Austria", "state": "Vienna State", "city": "Vienna", "latitude": 48.2, "longitude": 16.37}


class Geo(HuntCase):
    def setUp(self):
        super().setUp()
        self.file = self.write("places.mmdb", mmdb(PLACES))
        centre = self.centre("--geo", self.file)
        self.folder = centre.data
        self.served = self.hunt(centre, "print geo_info_from_ip_address('203.0.113.9')").json
        centre.stop()

    def info(self, address, *options, file=None, code=jaga.DONE):
        query = f"print info = geo_info_from_ip_address('{address}')"
        geo = ("--geo", file or self.file)
        return self.jaga("hunt", "--data", self.folder, "-o", "jsonl", *(options or geo), query, code=code)

    def test_places_are_those_of_the_file(self):
        self.assertEqual((self.served["rows"], self.served["done"]["note"]), ([[VIENNA]], ""))
        for address, expected in (
            ("203.0.113.0", VIENNA),
            ("203.0.113.255", VIENNA),
            ("::ffff:203.0.113.7", VIENNA),
            ("198.51.100.127", {"country": "Iceland", "latitude": -0.5, "longitude": 0}),
            ("2001:DB8::1", {"country": "Ruritania", "city": 'Stre"lsau'}),
            ("198.51.100.63", {}),
            ("10.0.0.1", {}),
            ("203.0.113", {}),
            ("", {}),
        ):
            done = self.info(address)
            self.assertEqual((json.loads(done.out)["info"], done.err), (expected, ""), address)

    def test_without_a_file_a_hunt_says_so(self):
        done = self.info("203.0.113.9", "--quiet")
        self.assertEqual((json.loads(done.out)["info"], done.err), ({}, ""))
        done = self.info("203.0.113.9", "--rows", "5")
        self.assertIn("there is no file of places", done.err)
        self.assertNotIn("places", self.jaga("hunt", "--data", self.folder, "print 1").err)

    def test_what_is_no_such_file_is_refused(self):
        self.assertIn("no such file", self.info("::1", file="nowhere", code=USAGE).err)
        self.assertIn("other", self.info("::1", file=self.write("other", "x" * 9999), code=USAGE).err)
        # A record that claims to have more members than the file has bytes.
        whole = mmdb({"203.0.113.0/24": place("Austria")})
        damaged = whole.replace(b"\xe1\x47country", b"\xfd\xffcountry")
        self.assertNotEqual(whole, damaged)
        done = self.info("203.0.113.9", file=self.write("damaged.mmdb", damaged), code=USAGE)
        self.assertIn("damaged", done.err)


class Scheduled(SavedCase):
    def test_a_run_without_a_file_cannot_tell(self):
        run = self.run_now(self.filled("--no-schedule", hunt=ABROAD))["health"]
        self.assertEqual(run["outcome"], "no-data")
        self.assertIn("there is no file of places", run["problem"])

    def test_a_run_with_a_file_can(self):
        geo = self.write("places.mmdb", mmdb(PLACES))
        run = self.run_now(self.filled("--no-schedule", "--geo", geo, hunt=ABROAD))["health"]
        self.assertEqual((run["outcome"], run["problem"]), ("clean", ""))


if __name__ == "__main__":
    jaga.main()
