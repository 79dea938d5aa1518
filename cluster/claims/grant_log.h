#pragma once

// What this member granted, kept over a restart of droverd though not of its host: the file
// `grants` in the state directory. It is written and not waited for, since what has been written is
// there for the next process; whether it has reached the disk matters only after the host went
// down, and then the file is not believed. Where anything fails, it tells nothing, as after a
// reboot.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "cluster/types.h"

namespace cluster {

struct KeptGrant {
  std::string key;
  std::string holder;
  NodeId asker;
  Time until{0};
  bool operator==(const KeptGrant&) const = default;
};

// A time that goes on between two processes: milliseconds since the host was booted.
Time sinceBoot();
// Another text after each boot of the host; empty if it is not to be had.
std::string bootId();

// The file's content: what remains of it, if it is one of this boot, this node and our version of
// the format. Any bytes will do. `now` is the time for which the result's `until` count, `boot` the
// same moment since boot.
std::optional<std::vector<KeptGrant>> readGrants(std::string_view content, std::string_view boot,
                                                 const NodeId& self, Time now, Time sinceBoot);

// The file that tells of these, in the present version of its format.
std::string grantsFile(std::string_view boot, const NodeId& self, Time now, Time sinceBoot,
                       const std::vector<KeptGrant>& grants);

class GrantLog {
 public:
  explicit GrantLog(std::string directory) : path_(std::move(directory) + "/grants") {}

  // What an earlier process of this node has granted and not taken back, some of which may be over;
  // nothing if that is not known. Does not throw.
  std::optional<std::vector<KeptGrant>> load(const NodeId& self, Time now) const;
  // From here on the file holds these and what follows. Nothing of these four throws: what cannot
  // be written leaves no file.
  void begin(const NodeId& self, Time now, const std::vector<KeptGrant>& grants);
  void granted(Time now, const KeptGrant& grant);
  void dropped(const std::string& key);
  void remove();
  // Whether so much has been written that it is time to begin again.
  bool isLong() const { return written_ > longFrom; }

 private:
  static constexpr size_t longFrom = 4 * 1024 * 1024;

  void append(std::string_view text);

  std::string path_;
  base::Fd file_;
  size_t written_ = 0;
};

}  // namespace cluster
