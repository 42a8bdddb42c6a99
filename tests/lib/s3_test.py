#!/usr/bin/env python3
"""The signature against the worked examples of the S3 API reference (SigV4, header-based)."""

import datetime
import unittest

import s3

# Published with the examples: not a secret.
CLIENT = s3.Client("http://examplebucket.s3.amazonaws.com", "AKIAIOSFODNN7EXAMPLE",
                   "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
NOW = datetime.datetime(2013, 5, 24, tzinfo=datetime.timezone.utc)


class SignatureTest(unittest.TestCase):
    def assert_signature(self, expected, *arguments):
        headers, _ = CLIENT.signed(*arguments, now=NOW)
        self.assertEqual(headers["authorization"].rpartition("=")[2], expected)

    def test_get_with_a_range(self):
        self.assert_signature("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
                              "GET", "/test.txt", {}, {"Range": "bytes=0-9"}, b"")

    def test_put_with_more_headers(self):
        self.assert_signature("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
                              "PUT", "/test%24file.text", {},
                              {"Date": "Fri, 24 May 2013 00:00:00 GMT",
                               "x-amz-storage-class": "REDUCED_REDUNDANCY"},
                              b"Welcome to Amazon S3.")

    def test_query_without_a_value(self):
        self.assert_signature("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
                              "GET", "/", {"lifecycle": ""}, {}, b"")

    def test_query_with_values(self):
        self.assert_signature("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
                              "GET", "/", {"max-keys": "2", "prefix": "J"}, {}, b"")


if __name__ == "__main__":
    unittest.main()
