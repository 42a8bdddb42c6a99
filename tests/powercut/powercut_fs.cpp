// A disk whose power can be cut: `powercut_fs MOUNTPOINT`, in the foreground. Says `ready`.
//
// Everything is in memory and ends with the process. What survives a cut is said in volume.h.
// SIGUSR1 cuts the power, all that was not synced is lost; SIGUSR2 brings it back; SIGTERM ends.
// The file `.powercut` in the root takes commands and tells the state: see control.h.
//
// Files are read and written without the kernel's page cache, so shared mappings are not to be had.
#define FUSE_USE_VERSION 312

#include "control.h"
#include "volume.h"

#include <fuse_lowlevel.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <unordered_map>

namespace holdfast::powercut {
namespace {

constexpr fuse_ino_t control_number = ~fuse_ino_t{0} >> 1;
constexpr std::string_view control_name = ".powercut";
constexpr std::size_t write_bytes_max = 1 << 20;
constexpr std::uint64_t capacity_bytes = std::uint64_t{1} << 36;  // Only what statfs says.
constexpr std::uint32_t statfs_block_bytes = 4096;

// Set by signals, obeyed before the next operation. That is no later than the signal for anyone who
// looks.
std::atomic<bool> cut_requested = false;
std::atomic<bool> revive_requested = false;

// What the kernel knows: its nodes by number. Everything else hangs on the volume.
struct Mounted {
  struct Known {
    Node node;
    std::uint64_t lookups = 0;
  };

  Volume volume;
  std::unordered_map<fuse_ino_t, Known> known;
  std::unordered_map<std::uint64_t, Handle> open;
  std::uint64_t next_open = 1;

  void obey_signals() {
    if (cut_requested.exchange(false)) volume.cut(Loss::all, 0);
    if (revive_requested.exchange(false)) volume.revive();
  }
  Node node(fuse_ino_t number) const {
    if (number == FUSE_ROOT_ID) return volume.root();
    const auto found = known.find(number);
    return found == known.end() ? nullptr : found->second.node;
  }
};

Mounted& mounted(fuse_req_t request) {
  auto& all = *static_cast<Mounted*>(fuse_req_userdata(request));
  all.obey_signals();
  return all;
}

const Handle& handle_of(const Mounted& all, const fuse_file_info* file) {
  return all.open.at(file->fh);
}

struct stat attributes(const Inode& node) {
  struct stat result{};
  result.st_ino = node.number;
  result.st_mode = node.mode;
  result.st_nlink = node.links;
  result.st_uid = node.owner;
  result.st_gid = node.group;
  result.st_size = static_cast<off_t>(node.content.size());
  result.st_blocks = (result.st_size + 511) / 512;
  result.st_blksize = statfs_block_bytes;
  result.st_atim = node.accessed;
  result.st_mtim = result.st_ctim = node.modified;
  return result;
}

struct stat control_attributes() {
  struct stat result{};
  result.st_ino = control_number;
  result.st_mode = S_IFREG | 0600;
  result.st_nlink = 1;
  return result;
}

// Nothing is cached by the kernel: each look sees what is there.
fuse_entry_param entry(Mounted& all, const Node& node) {
  Mounted::Known& known = all.known[node->number];
  known.node = node;
  ++known.lookups;
  fuse_entry_param result{};
  result.ino = node->number;
  result.attr = attributes(*node);
  return result;
}

void reply(fuse_req_t request, const Outcome<void>& outcome) {
  fuse_reply_err(request, outcome ? 0 : outcome.error());
}

bool is_control(fuse_ino_t folder, const char* name) {
  return folder == FUSE_ROOT_ID && name == control_name;
}

void on_lookup(fuse_req_t request, fuse_ino_t folder, const char* name) {
  Mounted& all = mounted(request);
  if (is_control(folder, name)) {
    fuse_entry_param result{};
    result.ino = control_number;
    result.attr = control_attributes();
    fuse_reply_entry(request, &result);
    return;
  }
  const Node at = all.node(folder);
  const auto found = at ? all.volume.find(at, name) : Outcome<Node>(std::unexpected(ENOENT));
  if (!found) {
    fuse_reply_err(request, found.error());
    return;
  }
  const fuse_entry_param result = entry(all, *found);
  fuse_reply_entry(request, &result);
}

void on_forget(fuse_req_t request, fuse_ino_t number, std::uint64_t lookups) {
  Mounted& all = mounted(request);
  if (const auto found = all.known.find(number); found != all.known.end()) {
    found->second.lookups -= std::min(found->second.lookups, lookups);
    if (found->second.lookups == 0) all.known.erase(found);
  }
  fuse_reply_none(request);
}

void on_getattr(fuse_req_t request, fuse_ino_t number, fuse_file_info*) {
  Mounted& all = mounted(request);
  if (number == control_number) {
    const struct stat result = control_attributes();
    fuse_reply_attr(request, &result, 0);
    return;
  }
  const Node node = all.node(number);
  const auto is_on = all.volume.verify_on();
  // The root stays visible, or the control file could not be reached.
  if (!node || (!is_on && number != FUSE_ROOT_ID)) {
    fuse_reply_err(request, node ? EIO : ENOENT);
    return;
  }
  const struct stat result = attributes(*node);
  fuse_reply_attr(request, &result, 0);
}

void on_setattr(fuse_req_t request, fuse_ino_t number, struct stat* wanted, int what,
                fuse_file_info*) {
  Mounted& all = mounted(request);
  if (number == control_number) {
    const struct stat result = control_attributes();
    fuse_reply_attr(request, &result, 0);
    return;
  }
  const Node node = all.node(number);
  Outcome<void> outcome = node ? all.volume.verify_on() : std::unexpected(ENOENT);
  if (outcome && (what & FUSE_SET_ATTR_SIZE) != 0) {
    outcome = all.volume.resize(node, static_cast<std::uint64_t>(wanted->st_size));
  }
  if (!outcome) {
    fuse_reply_err(request, outcome.error());
    return;
  }
  if ((what & FUSE_SET_ATTR_MODE) != 0) {
    node->mode = (node->mode & S_IFMT) | (wanted->st_mode & ~static_cast<mode_t>(S_IFMT));
  }
  if ((what & FUSE_SET_ATTR_UID) != 0) node->owner = wanted->st_uid;
  if ((what & FUSE_SET_ATTR_GID) != 0) node->group = wanted->st_gid;
  if ((what & FUSE_SET_ATTR_ATIME) != 0) node->accessed = wanted->st_atim;
  if ((what & FUSE_SET_ATTR_MTIME) != 0) node->modified = wanted->st_mtim;
  const struct stat result = attributes(*node);
  fuse_reply_attr(request, &result, 0);
}

Outcome<Node> make(fuse_req_t request, Mounted& all, fuse_ino_t folder, const char* name,
                   mode_t mode) {
  const Node at = all.node(folder);
  if (!at) return std::unexpected(ENOENT);
  auto made = all.volume.make(at, name, mode);
  if (made) {
    const fuse_ctx* caller = fuse_req_ctx(request);
    (*made)->owner = caller->uid;
    (*made)->group = caller->gid;
  }
  return made;
}

// Files and sockets.
void on_mknod(fuse_req_t request, fuse_ino_t folder, const char* name, mode_t mode, dev_t) {
  Mounted& all = mounted(request);
  const auto made = make(request, all, folder, name, mode);
  if (!made) {
    fuse_reply_err(request, made.error());
    return;
  }
  const fuse_entry_param result = entry(all, *made);
  fuse_reply_entry(request, &result);
}

void on_mkdir(fuse_req_t request, fuse_ino_t folder, const char* name, mode_t mode) {
  on_mknod(request, folder, name, S_IFDIR | mode, 0);
}

void on_remove(fuse_req_t request, fuse_ino_t folder, const char* name, bool is_folder) {
  Mounted& all = mounted(request);
  const Node at = all.node(folder);
  reply(request, at ? all.volume.remove(at, name, is_folder) : std::unexpected(ENOENT));
}

void on_unlink(fuse_req_t request, fuse_ino_t folder, const char* name) {
  on_remove(request, folder, name, false);
}

void on_rmdir(fuse_req_t request, fuse_ino_t folder, const char* name) {
  on_remove(request, folder, name, true);
}

void on_rename(fuse_req_t request, fuse_ino_t from_folder, const char* from, fuse_ino_t to_folder,
               const char* to, unsigned flags) {
  Mounted& all = mounted(request);
  const Node from_node = all.node(from_folder);
  const Node to_node = all.node(to_folder);
  if (!from_node || !to_node) {
    fuse_reply_err(request, ENOENT);
  } else if ((flags & ~static_cast<unsigned>(RENAME_NOREPLACE)) != 0) {
    fuse_reply_err(request, EINVAL);
  } else {
    const bool replaces = (flags & RENAME_NOREPLACE) == 0;
    reply(request, all.volume.rename(from_node, from, to_node, to, replaces));
  }
}

void on_link(fuse_req_t request, fuse_ino_t number, fuse_ino_t folder, const char* name) {
  Mounted& all = mounted(request);
  const Node node = all.node(number);
  const Node at = all.node(folder);
  const Outcome<void> outcome =
      node && at ? all.volume.link(node, at, name) : std::unexpected(ENOENT);
  if (!outcome) {
    fuse_reply_err(request, outcome.error());
    return;
  }
  const fuse_entry_param result = entry(all, node);
  fuse_reply_entry(request, &result);
}

// Fills in what is kept with an open file.
Outcome<void> open_node(Mounted& all, const Node& node, fuse_file_info* file) {
  if (!node) return std::unexpected(ENOENT);
  const auto handle = all.volume.open(node);
  if (!handle) return std::unexpected(handle.error());
  file->fh = all.next_open++;
  all.open.emplace(file->fh, *handle);
  file->direct_io = 1;
  return {};
}

void on_open(fuse_req_t request, fuse_ino_t number, fuse_file_info* file) {
  Mounted& all = mounted(request);
  file->direct_io = 1;
  file->fh = 0;
  if (number != control_number) {
    Outcome<void> outcome = open_node(all, all.node(number), file);
    if (outcome && (file->flags & O_TRUNC) != 0) outcome = all.volume.resize(all.node(number), 0);
    if (!outcome) {
      all.open.erase(file->fh);
      fuse_reply_err(request, outcome.error());
      return;
    }
  }
  fuse_reply_open(request, file);
}

void on_create(fuse_req_t request, fuse_ino_t folder, const char* name, mode_t mode,
               fuse_file_info* file) {
  Mounted& all = mounted(request);
  const auto made = make(request, all, folder, name, S_IFREG | mode);
  const Outcome<void> outcome =
      made ? open_node(all, *made, file) : Outcome<void>(std::unexpected(made.error()));
  if (!outcome) {
    fuse_reply_err(request, outcome.error());
    return;
  }
  const fuse_entry_param result = entry(all, *made);
  fuse_reply_create(request, &result, file);
}

void on_release(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  mounted(request).open.erase(file->fh);
  fuse_reply_err(request, 0);
}

void read_control(fuse_req_t request, const Volume& volume, off_t offset) {
  const std::string text = status(volume);
  fuse_reply_buf(request, text.data(), offset == 0 ? text.size() : 0);
}

void on_read(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset,
             fuse_file_info* file) {
  Mounted& all = mounted(request);
  if (number == control_number) {
    read_control(request, all.volume, offset);
    return;
  }
  std::vector<std::byte> bytes(size);
  const auto count =
      all.volume.read(handle_of(all, file), static_cast<std::uint64_t>(offset), bytes);
  if (!count) {
    fuse_reply_err(request, count.error());
    return;
  }
  fuse_reply_buf(request, reinterpret_cast<const char*>(bytes.data()), *count);
}

void on_write(fuse_req_t request, fuse_ino_t number, const char* bytes, std::size_t size,
              off_t offset, fuse_file_info* file) {
  Mounted& all = mounted(request);
  if (number == control_number) {
    const bool is_known = obey(all.volume, std::string(bytes, size));
    is_known ? fuse_reply_write(request, size) : fuse_reply_err(request, EINVAL);
    return;
  }
  auto outcome = all.volume.write(handle_of(all, file), static_cast<std::uint64_t>(offset),
                                  std::as_bytes(std::span(bytes, size)));
  // The kernel leaves it to us to keep what O_DSYNC and RWF_DSYNC promise.
  if (outcome && (file->flags & O_DSYNC) != 0) outcome = all.volume.sync(handle_of(all, file));
  outcome ? fuse_reply_write(request, size) : fuse_reply_err(request, outcome.error());
}

void on_fsync(fuse_req_t request, fuse_ino_t number, int, fuse_file_info* file) {
  Mounted& all = mounted(request);
  reply(request,
        number == control_number ? Outcome<void>() : all.volume.sync(handle_of(all, file)));
}

void on_fallocate(fuse_req_t request, fuse_ino_t number, int mode, off_t offset, off_t size,
                  fuse_file_info* file) {
  Mounted& all = mounted(request);
  if (number == control_number) {
    fuse_reply_err(request, EOPNOTSUPP);
    return;
  }
  const auto from = static_cast<std::uint64_t>(offset);
  const auto length = static_cast<std::uint64_t>(size);
  switch (mode) {
    case 0:
      reply(request, all.volume.reserve(handle_of(all, file), from + length));
      return;
    case FALLOC_FL_KEEP_SIZE:
      reply(request, all.volume.verify_on());
      return;
    case FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE:
      reply(request, all.volume.clear(handle_of(all, file), from, length));
      return;
    default:
      fuse_reply_err(request, EOPNOTSUPP);
  }
}

void on_opendir(fuse_req_t request, fuse_ino_t number, fuse_file_info* file) {
  Mounted& all = mounted(request);
  const auto outcome = open_node(all, all.node(number), file);
  file->direct_io = 0;
  outcome ? fuse_reply_open(request, file) : fuse_reply_err(request, outcome.error());
}

void on_readdir(fuse_req_t request, fuse_ino_t, std::size_t size, off_t offset,
                fuse_file_info* file) {
  Mounted& all = mounted(request);
  const Handle& handle = handle_of(all, file);
  if (!all.volume.is_on()) {
    fuse_reply_err(request, EIO);
    return;
  }
  std::vector<char> page(size);
  std::size_t used = 0;
  off_t place = 0;
  // False once the page is full.
  const auto add = [&](const std::string& name, const struct stat& node) {
    if (place++ < offset) return true;
    const std::size_t needed =
        fuse_add_direntry(request, page.data() + used, size - used, name.c_str(), &node, place);
    if (needed > size - used) return false;
    used += needed;
    return true;
  };
  const struct stat self = attributes(*handle.node);
  bool has_room = add(".", self) && add("..", self);
  for (auto at = handle.node->names.begin(); has_room && at != handle.node->names.end(); ++at) {
    has_room = add(at->first, attributes(*at->second));
  }
  fuse_reply_buf(request, page.data(), used);
}

void on_fsyncdir(fuse_req_t request, fuse_ino_t, int, fuse_file_info* file) {
  Mounted& all = mounted(request);
  reply(request, all.volume.sync_folder(handle_of(all, file)));
}

void on_statfs(fuse_req_t request, fuse_ino_t) {
  mounted(request);
  struct statvfs result{};
  result.f_bsize = result.f_frsize = statfs_block_bytes;
  result.f_blocks = result.f_bfree = result.f_bavail = capacity_bytes / statfs_block_bytes;
  result.f_files = result.f_ffree = result.f_favail = 1 << 30;
  result.f_namemax = 255;
  fuse_reply_statfs(request, &result);
}

void on_init(void*, fuse_conn_info* connection) {
  connection->max_write = write_bytes_max;
}

fuse_lowlevel_ops operations() {
  fuse_lowlevel_ops all{};
  all.init = on_init;
  all.lookup = on_lookup;
  all.forget = on_forget;
  all.getattr = on_getattr;
  all.setattr = on_setattr;
  all.mknod = on_mknod;
  all.mkdir = on_mkdir;
  all.unlink = on_unlink;
  all.rmdir = on_rmdir;
  all.rename = on_rename;
  all.link = on_link;
  all.open = on_open;
  all.create = on_create;
  all.release = on_release;
  all.read = on_read;
  all.write = on_write;
  all.fsync = on_fsync;
  all.fallocate = on_fallocate;
  all.opendir = on_opendir;
  all.readdir = on_readdir;
  all.releasedir = on_release;
  all.fsyncdir = on_fsyncdir;
  all.statfs = on_statfs;
  return all;
}

void catch_signal(int number, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, nullptr);
}

int serve(const char* mountpoint) {
  char program[] = "powercut_fs";
  char option[] = "-o";
  char name[] = "fsname=powercut,subtype=powercut";
  char* arguments[] = {program, option, name, nullptr};
  fuse_args args = FUSE_ARGS_INIT(3, arguments);
  const fuse_lowlevel_ops all = operations();
  Mounted state;
  fuse_session* session = fuse_session_new(&args, &all, sizeof all, &state);
  if (session == nullptr) return 1;
  int result = 1;
  if (fuse_set_signal_handlers(session) == 0) {
    catch_signal(SIGUSR1, [](int) { cut_requested = true; });
    catch_signal(SIGUSR2, [](int) { revive_requested = true; });
    if (fuse_session_mount(session, mountpoint) == 0) {
      printf("ready\n");
      fflush(stdout);
      result = fuse_session_loop(session) < 0 ? 1 : 0;
      fuse_session_unmount(session);
    }
    fuse_remove_signal_handlers(session);
  }
  fuse_session_destroy(session);
  fuse_opt_free_args(&args);
  return result;
}

}  // namespace
}  // namespace holdfast::powercut

int main(int count, char** arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: powercut_fs MOUNTPOINT (what it does: see the head of its source)\n");
    return 2;
  }
  return holdfast::powercut::serve(arguments[1]);
}
