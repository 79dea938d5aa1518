// How long a decision takes: one create over 10, 100, 1,000 and 5,000 nodes with 50 containers
// each, with every filter at work. Prints a table in markdown.
//
// usage: drover-bench-placement [NODES...]

#include "labels/decode.h"
#include "scheduler/place.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr int containersPerNode = 50;
constexpr int imagesPerNode = 20;
constexpr int volumesPerNode = 5;

scheduler::Node nodeOf(int i) {
  scheduler::Node node;
  node.id = "node-id-" + std::to_string(i * 7'919 % 1'000'003);
  node.name = "host-" + std::to_string(i);
  node.ip = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
  node.labels = {{"zone", "zone-" + std::to_string(i % 5)},
                 {"disk", i % 3 ? "ssd" : "hdd"},
                 {"io.drover.slots", "200"},
                 {"io.drover.resource.licence", "4"}};
  if (i % 50 == 49) node.labels["io.drover.require-any"] = "batch";
  node.os = "linux";
  node.distribution = "Debian GNU/Linux 12 (bookworm)";
  node.kernel = "6.1.0-" + std::to_string(i % 20) + "-amd64";
  node.architecture = "x86_64";
  node.engineVersion = "20.10.24";
  node.storageDriver = "overlay2";
  node.has = {.nanoCpus = 64'000'000'000, .memory = uint64_t{256} << 30, .pids = 100'000};
  node.load = static_cast<double>(i % 10) / 10;
  node.plugins = {{"Volume", {"local", "nfs"}}, {"Log", {"json-file"}}, {"Runtime", {"runc"}}};
  return node;
}

scheduler::Container containerOf(int node, int i, const std::string& nodeId) {
  int number = node * containersPerNode + i;
  scheduler::Container container;
  container.id = std::to_string(number) + "f00ba4";
  container.id.resize(64, 'a');
  int service = number % 500;
  container.name = "project-service-" + std::to_string(service) + "-" + std::to_string(number);
  container.node = nodeId;
  container.image =
      "registry:5000/image-" + std::to_string(service % 100) + ":1." + std::to_string(service % 7);
  container.labels = {{"com.docker.compose.project", "project-" + std::to_string(service % 20)},
                      {"com.docker.compose.service", "service-" + std::to_string(service)},
                      {"com.docker.compose.container-number", std::to_string(number / 500)},
                      {"com.docker.compose.config-hash", "hash-" + std::to_string(service)},
                      {"com.docker.compose.oneoff", "False"},
                      {"tier", service % 2 ? "front" : "back"}};
  container.running = true;
  container.ports = {{static_cast<uint16_t>(20'000 + i), labels::Protocol::tcp, ""}};
  container.volumes = {"volume-" + std::to_string(number)};
  container.reserved = {.nanoCpus = 100'000'000, .memory = uint64_t{1} << 30, .pids = 100};
  return container;
}

scheduler::World worldOf(int nodes) {
  scheduler::World world;
  for (int i = 0; i < nodes; i++) {
    scheduler::Node node = nodeOf(i);
    std::string id = node.id;
    world.putNode(std::move(node));
    for (int j = 0; j < containersPerNode; j++) world.putContainer(containerOf(i, j, id));
    std::vector<scheduler::Image> images;
    for (int j = 0; j < imagesPerNode; j++) {
      std::string number = std::to_string((i + j * 5) % 100);
      images.push_back({"sha256:" + number, {"registry:5000/image-" + number + ":1.0"}});
    }
    world.setImages(id, std::move(images));
    std::vector<scheduler::Volume> volumes;
    for (int j = 0; j < volumesPerNode; j++)
      volumes.push_back({"data-" + std::to_string(i) + "-" + std::to_string(j), true});
    world.setVolumes(id, std::move(volumes));
    world.setNetworks(id, {{"net-id-" + std::to_string(i % 30), "front"}});
  }
  return world;
}

// A request that gives every filter something to do, and leaves most nodes.
labels::Policy policyOf() {
  labels::Decoded decoded = labels::decode(R"({
    "Image": "registry:5000/image-7:1.0",
    "Env": ["affinity:container!=/^project-service-7-7$/", "constraint:disk==~ssd"],
    "Labels": {
      "com.docker.compose.project": "project-7",
      "com.docker.compose.service": "service-7",
      "com.docker.compose.container-number": "9999",
      "io.drover.constraint": "node.zone != zone-4, node.kernel >= 6.1, node.memory >= 64g",
      "io.drover.constraint.soft": "node.name == /^host-[0-9]*7$/",
      "io.drover.affinity": "container.label.tier == front, container != nobody*",
      "io.drover.affinity.soft": "image == registry:5000/image-7, service != service-7",
      "io.drover.whitelist": "",
      "io.drover.max-per-node": "2",
      "io.drover.spread-by": "zone",
      "io.drover.reserve": "cpus=0.5, memory=1g, pids=100, licence=1",
      "io.rancher.scheduler.affinity:container_label_soft_ne": "tier=back"
    },
    "HostConfig": {
      "NetworkMode": "front",
      "Runtime": "runc",
      "LogConfig": {"Type": "json-file"},
      "Binds": ["new-data:/data", "/etc/ssl:/etc/ssl:ro"],
      "PortBindings": {"80/tcp": [{"HostPort": "8080"}], "81/tcp": [{"HostPort": "20000-20100"}],
                       "82/tcp": [{"HostPort": ""}]}
    }
  })",
                                           {.platform = "linux/amd64"});
  if (decoded.problem) {
    std::fprintf(stderr, "%s\n", decoded.problem->message().c_str());
    std::exit(1);
  }
  decoded.policy.bind = labels::Bind::any;
  return decoded.policy;
}

double at(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void measure(int nodes) {
  scheduler::World world = worldOf(nodes);
  labels::Policy policy = policyOf();
  int rounds = std::clamp(2'000'000 / nodes / 10, 200, 20'000);
  std::vector<double> times;
  size_t candidates = 0;
  for (int i = 0; i < rounds; i++) {
    scheduler::Options options{.name = "new-" + std::to_string(i)};
    Clock::time_point begin = Clock::now();
    scheduler::Placement placement = scheduler::place(policy, world, options);
    times.push_back(Microseconds(Clock::now() - begin).count());
    candidates += placement.candidates.size();
  }
  if (candidates == 0) {
    std::fprintf(stderr, "%s\n", scheduler::place(policy, world, {}).why.c_str());
    std::exit(1);
  }
  // What one change of a container costs.
  scheduler::Container changing = containerOf(0, 0, world.nodes().begin()->first);
  Clock::time_point begin = Clock::now();
  for (int i = 0; i < 10'000; i++) {
    changing.running = !changing.running;
    world.putContainer(changing);
  }
  double change = Microseconds(Clock::now() - begin).count() / 10'000;
  std::sort(times.begin(), times.end());
  std::printf("| %d | %.1f | %.1f | %.1f |\n", nodes, at(times, 0.5), at(times, 0.99), change);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<int> sizes = {10, 100, 1'000, 5'000};
  if (argc > 1) sizes.clear();
  for (int i = 1; i < argc; i++) sizes.push_back(std::max(1, std::atoi(argv[i])));
  std::printf("| nodes | place p50 µs | place p99 µs | change µs |\n|---|---|---|---|\n");
  for (int nodes : sizes) measure(nodes);
}
