#pragma once

// What a container asks of its host: processors, memory, processes, ports, devices. Pure.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docker/create_request.h"

namespace catalog {

struct HostPort {
  std::string ip;  // as Docker writes it; empty, "0.0.0.0" and "::" mean all addresses
  uint16_t port = 0;
  std::string protocol = "tcp";

  auto operator<=>(const HostPort&) const = default;
};

using docker::DeviceRequest;

struct ResourceRequest {
  // NanoCpus, or else CpuQuota by CpuPeriod. CpuShares are a weight and reserve nothing.
  uint64_t nanoCpus = 0;
  // MemoryReservation, or else Memory, which is the most that it can get.
  uint64_t memory = 0;
  uint64_t pids = 0;  // PidsLimit; 0: no limit
  // The ports that it takes while it runs, as far as it names them: those that the engine draws,
  // also from a range, are seen when it does.
  std::vector<HostPort> ports;
  std::vector<DeviceRequest> devices;

  bool operator==(const ResourceRequest&) const = default;
};

// What there is wrong in a request counts as not there.
ResourceRequest reservesOf(const docker::CreateRequest& request);
// Of the engine's answer to an inspection. Nothing for what is no object.
std::optional<ResourceRequest> reservesOf(std::string_view inspection);

// As it stands in a container's record; empty if there is nothing to say:
//
//   {"NanoCpus":500000000,"Memory":268435456,"PidsLimit":100,
//    "Ports":["127.0.0.1:80/tcp",":53/udp"],
//    "DeviceRequests":[{"Driver":"nvidia","Count":-1,"DeviceIDs":[],"Capabilities":[["gpu"]]}]}
std::string encode(const ResourceRequest& reserves);
ResourceRequest decodeResourceRequest(std::string_view json);

}  // namespace catalog
