#pragma once

// Changes to the body of a create request before its engine gets it. Only what is meant changes:
// numbers, unknown members and all else stay as they were written. Bodies are such as
// base::readAsGo() makes of labels::createType, with each member once. Pure.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace docker {

// Without the elements of Env at these indexes, in order, which were expressions for us.
std::string withoutEnv(std::string_view body, const std::vector<size_t>& taken);

// With these elements of Env in the labels that mean the same, as classic Swarm kept them: of the
// container that is made nothing else would tell what was asked for. An affinity to the container
// that it replaces is left out.
std::string withExpressionLabels(std::string_view body, const std::vector<size_t>& taken);

// With this as HostIp of every published port that has no address of its own.
std::string withPublishAddress(std::string_view body, const std::string& address);

// Undoes that: without a HostIp where it is one of these.
std::string withoutPublishAddress(std::string_view body, const std::vector<std::string>& addresses);

// With a restart policy by which a clean end is an end: on-failure instead of always and
// unless-stopped.
std::string withCleanEnd(std::string_view body);

// With these containers in the place of those that it names for their volumes and namespaces and
// in links.
std::string withContainers(std::string_view body, const std::map<std::string, std::string>& others);

// Whether the container goes when it ends (docker run --rm).
bool removesItself(std::string_view body);

// With this Hostname.
std::string withHostname(std::string_view body, const std::string& name);

}  // namespace docker
