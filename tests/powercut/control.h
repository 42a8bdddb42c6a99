// What the file `.powercut` in the root of the disk understands.
//
// It takes one command per write and tells the state when read:
//   cut [all|some SEED|none]            now; what of the unsynced is lost (`some`: each sector by
//                                       chance, and the changes of names after some moment)
//   after COUNT [all|some SEED|none]    the same, during the COUNTth change from now
//   revive
//   fail read|write|sync|names COUNT [PART]   EIO for the next COUNT of those, on paths with PART;
//                                       what a failed sync should have kept is lost with the next
//                                       cut
//   faults none
// Reading gives one line: `on|off CUTS CHANGES UNSYNCED_NAMES`.
#pragma once

#include "volume.h"

#include <string>

namespace holdfast::powercut {

// False if the command is unknown.
bool obey(Volume& volume, const std::string& command);

std::string status(const Volume& volume);

}  // namespace holdfast::powercut
