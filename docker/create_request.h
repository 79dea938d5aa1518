#pragma once

// The body of a request to create a container: Config's members on top, HostConfig and
// NetworkingConfig. It is read once, as an engine reads it (base/go_json.h). What it asks for is
// told in Docker's terms; changes gather, and body() writes it once. What nobody changed stays as
// it was written: unknown members, their order, numbers, and what does not fit, for the engine to
// refuse. Knows no cluster. A value; pure.
//
// What is read tells of the request with its changes. A member that is missing, or of another type
// than it should be, tells nothing: texts are empty, numbers 0.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/go_document.h"

namespace docker {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

// One element of HostConfig.PortBindings.
struct PortBinding {
  std::string port;  // of the container: "80/tcp"
  std::string hostIp;
  std::string hostPort;
};

// One of HostConfig.DeviceRequests, such as --gpus makes them.
struct DeviceRequest {
  std::string driver;
  int64_t count = 0;  // -1: all there are
  std::vector<std::string> ids;
  std::vector<std::vector<std::string>> capabilities;  // one of the lists, all that is in it

  bool operator==(const DeviceRequest&) const = default;
};

// As they are written. What is below 0 counts as 0.
struct ResourceLimits {
  uint64_t nanoCpus = 0;
  uint64_t cpuQuota = 0, cpuPeriod = 0;  // microseconds
  uint64_t memory = 0, memoryReservation = 0;
  uint64_t pids = 0;
};

class CreateRequest {
 public:
  explicit CreateRequest(std::string_view bytes = "{}");

  // In Go's words, why it is no JSON; empty if it is. Then it tells nothing.
  const std::string& fault() const { return document_.fault(); }
  // What stands behind the body. Engines before 23.0 do not look at it, later ones refuse it.
  const std::string& after() const { return document_.after(); }
  bool isObject() const { return document_.root() != base::GoDocument::none; }
  // Without one, what belongs into it is looked for beside it, as engines before 28.0 do.
  bool hasHostConfig() const;
  // Bytes of the body before its changes.
  size_t size() const { return document_.size(); }

  // --- what it asks for ---

  std::string image() const;
  LabelPairs labels() const;
  // In order; what is no text is an empty one.
  std::vector<std::string> env() const;
  bool opensStdin() const;     // docker run -i
  bool removesItself() const;  // docker run --rm
  std::string restartPolicy() const;
  std::string runtime() const;
  std::string logDriver() const;

  std::string networkMode() const;
  // Of the NetworkMode and the NetworkingConfig, built-in ones included.
  std::vector<std::string> networks() const;
  std::vector<PortBinding> portBindings() const;
  std::vector<std::string> exposedPorts() const;
  bool publishesAllPorts() const;

  // Containers whose namespaces, volumes or links it uses, as it names them.
  std::vector<std::string> containers() const;
  std::vector<std::string> volumes() const;      // those with a name
  std::vector<std::string> directories() const;  // of the host
  std::vector<std::string> volumeDrivers() const;

  ResourceLimits limits() const;
  std::vector<DeviceRequest> devices() const;

  // --- changes ---

  // Labels that are none are left to the engine to refuse.
  void setLabel(const std::string& key, const std::string& value);
  // In the place of all that it has.
  void setLabels(LabelPairs labels);
  // Without these elements of env(): their indexes, in order.
  void dropEnv(const std::vector<size_t>& indexes);
  void setHostname(const std::string& name);
  void setImage(const std::string& image);
  // If it has one.
  void setRestartPolicy(const std::string& name);
  // It stays when it ends.
  void dropAutoRemove();
  // As HostIp of every published port that has no address of its own.
  void setPublishAddress(const std::string& address);
  // Undoes that: no HostIp where it is one of these.
  void dropPublishAddresses(const std::vector<std::string>& addresses);
  // Others in the place of these among containers().
  void replaceContainers(const std::map<std::string, std::string>& others);

  // The JSON, but for after().
  std::string body() const { return document_.text(); }

 private:
  using Node = base::GoDocument::Node;
  Node child(std::string_view name) const;  // of the whole
  Node host() const;
  Node ofHost(std::string_view name) const;
  template <class Visit>
  void eachMount(Visit visit) const;
  template <class Visit>
  void eachBinding(Visit visit) const;
  void replaceContainer(Node node, size_t begin, const std::map<std::string, std::string>& others);

  base::GoDocument document_;
  std::optional<LabelPairs> labels_;  // in the place of those that were given
};

}  // namespace docker
