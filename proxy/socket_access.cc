#include "proxy/socket_access.h"

#include "proxy/config.h"
#include "proxy/value_text.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <optional>
#include <system_error>
#include <vector>

namespace proxy {
namespace {

// An id given as a number, or found by name with getpwnam_r or getgrnam_r; nothing if there is
// none.
template <class Id, class Entry>
std::optional<Id> accountId(const std::string& name,
                            int (*lookUp)(const char*, Entry*, char*, std::size_t, Entry**),
                            Id Entry::*member) {
  Id id = 0;
  auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (fault == std::errc() && end == name.data() + name.size()) return id;

  std::vector<char> memory(std::size_t{256} * 1024);  // a group's entry lists all its members
  Entry entry{};
  Entry* found = nullptr;
  lookUp(name.c_str(), &entry, memory.data(), memory.size(), &found);
  return found ? std::optional(entry.*member) : std::nullopt;
}

}  // namespace

SocketAccess socketAccess(const DaemonSettings& settings, const Listener& listener) {
  SocketAccess access;
  access.mode = listener.mode.value_or(settings.socketMode.bits);
  if (::geteuid() != 0) {
    access.warning = "the socket stays with the user who runs droverd, who is not root";
    return access;
  }
  const std::string& owner = listener.owner ? *listener.owner : settings.socketOwner;
  const std::string& group = listener.group ? *listener.group : settings.socketGroup;
  std::optional<uid_t> user = accountId(owner, ::getpwnam_r, &passwd::pw_uid);
  if (!user) {
    throw ConfigError({encode(listener) + ": there is no user " + quoted(owner) +
                       "; create it or set socket_owner to another"});
  }
  std::optional<gid_t> members = accountId(group, ::getgrnam_r, &::group::gr_gid);
  if (!members) {
    access.warning = "there is no group " + quoted(group) +
                     ", so only root can connect; create it or set socket_group to another";
  }
  access.owner = *user;
  access.group = members.value_or(0);
  return access;
}

}  // namespace proxy
