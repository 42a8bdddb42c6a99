#!/usr/bin/env python3
"""Proves through the kernel that powercut_fs forgets what it should and keeps what it must.

Usage: powercut_fs_test.py PATH_OF_POWERCUT_FS
"""

import errno
import fcntl
import mmap
import os
import socket
import sys
import time
import unittest

from disk import Disk

PROGRAM = None


def write(path, content, sync=True):
    with open(path, "wb", buffering=0) as file:
        file.write(content)
        if sync:
            os.fsync(file.fileno())


def read(path):
    with open(path, "rb") as file:
        return file.read()


def sync_folder(path):
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class PowercutTest(unittest.TestCase):
    def setUp(self):
        self.disk = Disk(PROGRAM)
        self.addCleanup(self.disk.close)
        self.root = self.disk.path

    def path(self, *names):
        return os.path.join(self.root, *names)

    def lose(self, loss="all"):
        self.disk.cut(loss)
        self.disk.revive()

    def assert_error(self, number, function, *arguments):
        with self.assertRaises(OSError) as caught:
            function(*arguments)
        self.assertEqual(caught.exception.errno, number)

    def test_synced_content_and_name_stay(self):
        content = os.urandom(3_000_000)
        write(self.path("a"), content)
        sync_folder(self.root)
        with open(self.path("a"), "r+b", buffering=0) as file:
            file.write(b"unsynced")
        self.assertEqual(read(self.path("a"))[:8], b"unsynced")
        self.lose()
        self.assertEqual(read(self.path("a")), content)

    def test_a_synced_file_without_a_durable_name_is_lost(self):
        write(self.path("a"), b"content")
        self.lose()
        self.assertEqual(os.listdir(self.root), [])

    def test_a_rename_over_a_file_is_old_until_the_folder_is_synced(self):
        write(self.path("a"), b"old")
        sync_folder(self.root)
        for is_synced, expected in ((False, b"old"), (True, b"new")):
            write(self.path("a.new"), b"new")
            os.rename(self.path("a.new"), self.path("a"))
            if is_synced:
                sync_folder(self.root)
            self.lose()
            self.assertEqual(read(self.path("a")), expected)
            self.assertEqual(os.listdir(self.root), ["a"])

    def test_removed_files_and_folders_come_back(self):
        os.mkdir(self.path("d"))
        write(self.path("d", "a"), b"content")
        sync_folder(self.path("d"))
        sync_folder(self.root)
        os.unlink(self.path("d", "a"))
        os.rmdir(self.path("d"))
        self.lose()
        self.assertEqual(read(self.path("d", "a")), b"content")

    def test_hard_links_share_content_and_outlive_names(self):
        write(self.path("a"), b"content")
        os.mkdir(self.path("copy"))
        os.link(self.path("a"), self.path("copy", "a"))
        sync_folder(self.path("copy"))
        sync_folder(self.root)
        self.assertEqual(os.stat(self.path("a")).st_nlink, 2)
        os.unlink(self.path("a"))
        sync_folder(self.root)
        self.lose()
        self.assertEqual(read(self.path("copy", "a")), b"content")
        self.assertEqual(os.stat(self.path("copy", "a")).st_nlink, 1)

    def test_an_unlinked_open_file_lives_on(self):
        with open(self.path("a"), "w+b", buffering=0) as file:
            os.unlink(self.path("a"))
            file.write(b"content")
            os.fsync(file.fileno())
            file.seek(0)
            self.assertEqual(file.read(), b"content")

    def test_open_files_are_dead_after_a_cut(self):
        with open(self.path("a"), "w+b", buffering=0) as file:
            sync_folder(self.root)
            self.disk.cut()
            self.assertEqual(self.disk.status()[:2], (False, 1))
            self.assert_error(errno.EIO, os.listdir, self.root)
            self.assert_error(errno.EIO, os.write, file.fileno(), b"x")
            self.disk.revive()
            self.assert_error(errno.EIO, os.write, file.fileno(), b"x")
            self.assert_error(errno.EIO, os.fsync, file.fileno())
        self.assertEqual(read(self.path("a")), b"")

    def test_direct_io_preallocation_and_data_sync(self):
        memory = mmap.mmap(-1, 8192)
        memory.write(b"d" * 8192)
        handle = os.open(self.path("a"), os.O_RDWR | os.O_CREAT | os.O_DIRECT)
        self.addCleanup(os.close, handle)
        os.posix_fallocate(handle, 0, 1 << 20)
        os.fdatasync(handle)
        sync_folder(self.root)
        os.pwritev(handle, [memory], 4096)
        os.fdatasync(handle)
        memory.seek(0)
        memory.write(b"e" * 8192)
        os.pwritev(handle, [memory], 65536)
        self.lose()
        expected = bytes(4096) + b"d" * 8192 + bytes((1 << 20) - 12288)
        self.assertEqual(read(self.path("a")), expected)

    def test_locks_exclude(self):
        with open(self.path("a"), "wb") as first, open(self.path("a"), "wb") as second:
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.assert_error(errno.EWOULDBLOCK, fcntl.flock, second,
                              fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(first, fcntl.LOCK_UN)
            fcntl.lockf(first, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_sockets_can_be_bound(self):
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(self.path("s"))
            server.listen()
            client.connect(self.path("s"))

    def test_faults_hit_what_they_name(self):
        write(self.path("log"), b"kept")
        write(self.path("other"), b"kept")
        sync_folder(self.root)
        self.disk.command("fail sync 1 log")
        write(self.path("other"), b"also")
        with open(self.path("log"), "r+b", buffering=0) as file:
            file.write(b"lost")
            self.assert_error(errno.EIO, os.fsync, file.fileno())
            os.fsync(file.fileno())
        self.disk.command("fail read 1 other")
        self.assert_error(errno.EIO, read, self.path("other"))
        self.assertEqual(read(self.path("other")), b"also")
        self.lose()
        self.assertEqual(read(self.path("log")), b"kept")

    def test_a_planned_cut_comes_in_the_middle(self):
        write(self.path("a"), b"old")
        sync_folder(self.root)
        self.disk.command("after 2 all")
        with open(self.path("a"), "r+b", buffering=0) as file:
            file.write(b"new")
            self.assert_error(errno.EIO, os.fsync, file.fileno())
        self.disk.revive()
        self.assertEqual(read(self.path("a")), b"old")

    def test_some_loss_tears_at_sectors(self):
        torn = 0
        write(self.path("a"), b"o" * 65536)
        sync_folder(self.root)
        for seed in range(8):
            with open(self.path("a"), "r+b", buffering=0) as file:
                file.write(bytes([seed]) * 65536)
            self.lose(f"some {seed}")
            content = read(self.path("a"))
            self.assertEqual(len(content), 65536)
            kinds = {content[at : at + 512] for at in range(0, 65536, 512)}
            self.assertTrue(all(len(set(kind)) == 1 for kind in kinds))
            torn += len(kinds) > 1
        self.assertGreater(torn, 4)

    def test_signals_cut_and_revive(self):
        write(self.path("a"), b"content")
        self.disk.signal_cut()
        deadline = time.monotonic() + 10
        while self.disk.status()[0] and time.monotonic() < deadline:
            time.sleep(0.001)
        self.assertFalse(self.disk.status()[0])
        self.disk.revive()
        self.assertEqual(os.listdir(self.root), [])

    def test_unknown_commands_are_refused(self):
        self.assert_error(errno.EINVAL, self.disk.command, "explode")

    def test_large_folders_are_listed_whole(self):
        names = {f"file-{number:04}" for number in range(2000)}
        for name in names:
            write(self.path(name), b"", sync=False)
        self.assertEqual(set(os.listdir(self.root)), names)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
