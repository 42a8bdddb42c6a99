// Folders and files below one root folder, by blocking system calls. Part of env/linux/disk.h.
//
// No name leads out of the root: symbolic links that point outside it are refused. Safe from any
// thread.
#pragma once

#include "env/disk.h"
#include "env/linux/descriptor.h"

#include <string>
#include <vector>

namespace holdfast::env::linux {

class FolderTree {
 public:
  // Creates the root, but not its parents, if it is not there.
  static Result<FolderTree> open(std::string root);

  struct Opened {
    Descriptor descriptor;
    bool is_direct;
  };
  Result<Opened> open_file(const std::string& name, OpenMode mode) const;
  Result<void> rename(const std::string& from, const std::string& to) const;
  Result<void> link(const std::string& from, const std::string& to) const;
  Result<void> remove(const std::string& name) const;
  Result<void> make_folder(const std::string& name) const;
  Result<void> remove_folder(const std::string& name) const;
  Result<void> sync_folder(const std::string& folder) const;
  Result<std::vector<Entry>> list(const std::string& folder) const;
  Result<Space> space() const;

  // The locked file; the lock lasts as long as the descriptor.
  Result<Descriptor> lock(const std::string& name, const std::string& holder) const;

 private:
  // A name as the kernel wants it: the folder that it lies in, and the last part.
  struct Place {
    Descriptor folder;
    std::string leaf;
  };

  FolderTree(Descriptor root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}

  std::string attempt(const char* what, const std::string& name) const;
  // Opens what lies at `name` below `root_`, or the root itself for "". Negated errno on failure.
  int open_below(const std::string& name, int flags) const;
  Result<Descriptor> open_folder(const std::string& name) const;
  Result<Place> find(const std::string& name) const;

  Descriptor root_;
  std::string path_;
};

}  // namespace holdfast::env::linux
