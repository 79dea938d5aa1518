#pragma once

// The route table: the one place that tells who answers which request. A row names its handlers,
// the members that answer, and what a request does beside.

#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "proxy/api/client_certificates.h"
#include "proxy/api/container_calls.h"
#include "proxy/api/container_list_calls.h"
#include "proxy/api/create_calls.h"
#include "proxy/api/global_calls.h"
#include "proxy/api/image_calls.h"
#include "proxy/api/local_api.h"
#include "proxy/api/network_calls.h"
#include "proxy/api/object_calls.h"
#include "proxy/api/peer_api.h"
#include "proxy/api/rename_calls.h"
#include "proxy/api/swarm_api.h"
#include "proxy/api/system_calls.h"
#include "proxy/api/volume_calls.h"
#include "proxy/http/route.h"

namespace proxy {

// Those whose members the rows name. All must outlive it.
struct Handlers {
  std::tuple<ClientCertificates&, ContainerCalls&, ContainerListCalls&, CreateCalls&, GlobalCalls&,
             ImageCalls&, LocalApi&, NetworkCalls&, ObjectCalls&, PeerApi&, RenameCalls&, SwarmApi&,
             SystemCalls&, VolumeCalls&>
      all;
};

// Every route; the last one takes what no other does.
std::span<const Route> routes();

// Their patterns, in order: labels of metrics.
std::vector<std::string_view> routeNames();

}  // namespace proxy
