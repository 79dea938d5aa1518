#include "cluster/claims/grant_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <map>

#include "cluster/wire.pb.h"

namespace cluster {
namespace {

constexpr size_t maxFile = 64 * 1024 * 1024;
constexpr size_t maxNote = 4096;
constexpr uint32_t formatVersion = 1;

// Each note with its length before it, so that one that was cut off by a kill is known.
std::string framed(const wire::GrantNote& note) {
  std::string bytes = note.SerializeAsString();
  uint32_t length = static_cast<uint32_t>(bytes.size());
  std::string text;
  for (int shift = 0; shift < 32; shift += 8)
    text.push_back(static_cast<char>(length >> shift & 0xff));
  return text + bytes;
}

// The next note of `content`, which is taken off it. False where there is no whole one.
bool take(std::string_view& content, wire::GrantNote& note) {
  if (content.size() < 4) return false;
  uint32_t length = 0;
  for (int i = 3; i >= 0; i--)
    length = length << 8 | static_cast<unsigned char>(content[static_cast<size_t>(i)]);
  content.remove_prefix(4);
  if (length > maxNote || length > content.size()) return false;
  bool sound = note.ParseFromArray(content.data(), static_cast<int>(length));
  content.remove_prefix(length);
  return sound;
}

wire::GrantNote noteOf(Time now, Time booted, const KeptGrant& grant) {
  wire::GrantNote note;
  note.set_key(grant.key);
  note.set_holder(grant.holder);
  note.set_asker(std::string(grant.asker.text()));
  note.set_until_ms((grant.until - now + booted).count());
  return note;
}

}  // namespace

Time sinceBoot() {
  timespec at = {};
  ::clock_gettime(CLOCK_BOOTTIME, &at);
  return Time(at.tv_sec * 1000 + at.tv_nsec / 1'000'000);
}

std::string bootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::optional<std::vector<KeptGrant>> readGrants(std::string_view content, std::string_view boot,
                                                 const NodeId& self, Time now, Time sinceBoot) {
  wire::GrantNote note;
  if (boot.empty() || !take(content, note) || note.boot() != boot || note.node() != self.text() ||
      note.version() != formatVersion)
    return std::nullopt;
  std::map<std::string, KeptGrant> standing;
  while (take(content, note)) {
    std::optional<NodeId> asker = NodeId::parse(note.asker());
    if (note.holder().empty() || !asker) {
      standing.erase(note.key());
      continue;
    }
    // Whatever it says, none lasts for ever.
    Time left = std::min(Time(note.until_ms()) - sinceBoot, Time(60'000));
    standing[note.key()] = {note.key(), note.holder(), *asker, now + std::max(left, Time(0))};
  }
  std::vector<KeptGrant> grants;
  for (auto& [key, grant] : standing) grants.push_back(std::move(grant));
  return grants;
}

std::string grantsFile(std::string_view boot, const NodeId& self, Time now, Time sinceBoot,
                       const std::vector<KeptGrant>& grants) {
  wire::GrantNote head;
  head.set_boot(std::string(boot));
  head.set_node(std::string(self.text()));
  head.set_version(formatVersion);
  std::string file = framed(head);
  for (const KeptGrant& each : grants) file += framed(noteOf(now, sinceBoot, each));
  return file;
}

std::optional<std::vector<KeptGrant>> GrantLog::load(const NodeId& self, Time now) const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return std::nullopt;
  std::string content;
  std::array<char, 64 * 1024> block;
  while (file.read(block.data(), block.size()) || file.gcount() > 0) {
    content.append(block.data(), static_cast<size_t>(file.gcount()));
    if (content.size() > maxFile) return std::nullopt;
  }
  return readGrants(content, bootId(), self, now, sinceBoot());
}

void GrantLog::begin(const NodeId& self, Time now, const std::vector<KeptGrant>& grants) {
  std::string text = grantsFile(bootId(), self, now, sinceBoot(), grants);
  // The one of before stays whole until this one is.
  std::string fresh = path_ + ".new";
  file_ =
      base::Fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  written_ = 0;
  append(text);
  if (file_ && ::rename(fresh.c_str(), path_.c_str()) != 0) remove();
}

void GrantLog::granted(Time now, const KeptGrant& grant) {
  append(framed(noteOf(now, sinceBoot(), grant)));
}

void GrantLog::dropped(const std::string& key) {
  wire::GrantNote note;
  note.set_key(key);
  append(framed(note));
}

void GrantLog::append(std::string_view text) {
  while (file_ && !text.empty()) {
    ssize_t count = ::write(file_.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      remove();  // what does not tell all is worse than nothing
      return;
    }
    text.remove_prefix(static_cast<size_t>(count));
    written_ += static_cast<size_t>(count);
  }
}

void GrantLog::remove() {
  file_ = base::Fd();
  ::unlink(path_.c_str());
  ::unlink((path_ + ".new").c_str());
}

}  // namespace cluster
