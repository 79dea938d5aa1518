#pragma once

// A container's spec, what is needed to create it again elsewhere: spec/<id>, the body of a create
// request, made of the engine's answer to an inspection. It travels confidentially, since
// environments hold secrets. Pure.
//
// Taken over are Config, HostConfig and of each network what a client may ask for. Left out is what
// the engine made up for this one container: the host name and the alias that are its short id, or
// the names of the container whose network it joins, the addresses that it has now, and what is
// null or empty, which is as good as not there. The container's name stands in container/<id>.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace catalog {

constexpr std::string_view specRecords = "spec/";

// Bytes that a spec may have. A larger one is not published: such a container is not made again
// elsewhere.
constexpr size_t maxSpecSize = 64 * 1024;

// Nothing for what is no inspection of this container.
std::optional<std::string> specOf(std::string_view id, std::string_view inspection);

}  // namespace catalog
