#include "docker/create_type.h"

#include <algorithm>
#include <array>

namespace docker {
namespace {

using base::GoMember;
using base::GoType;
namespace go = base::go;

constexpr GoMember driverConfigMembers[] = {{"Name", &go::text}};
constexpr GoType driverConfig = go::pointerTo(driverConfigMembers);
constexpr GoMember volumeOptionsMembers[] = {{"DriverConfig", &driverConfig}};
constexpr GoType volumeOptions = go::pointerTo(volumeOptionsMembers);
constexpr GoMember mountMembers[] = {
    {"Type", &go::text},
    {"Source", &go::text},
    {"Target", &go::text},
    {"VolumeOptions", &volumeOptions},
};
constexpr GoType mount = go::object(mountMembers);
constexpr GoType mounts = go::listOf(mount);

constexpr GoMember bindingMembers[] = {{"HostIp", &go::text}, {"HostPort", &go::text}};
constexpr GoType binding = go::object(bindingMembers);
constexpr GoType bindings = go::listOf(binding);
constexpr GoType portBindings = go::mapOf(bindings);

constexpr GoType textLists = go::listOf(go::texts);
constexpr GoMember deviceMembers[] = {
    {"Driver", &go::text},
    {"Count", &go::number},
    {"DeviceIDs", &go::texts},
    {"Capabilities", &textLists},
};
constexpr GoType device = go::object(deviceMembers);
constexpr GoType devices = go::listOf(device);

constexpr GoMember logConfigMembers[] = {{"Type", &go::text}};
constexpr GoType logConfig = go::object(logConfigMembers);
constexpr GoMember restartPolicyMembers[] = {{"Name", &go::text}};
constexpr GoType restartPolicy = go::object(restartPolicyMembers);

constexpr std::array hostMembers = {
    GoMember{"AutoRemove", &go::truth},
    GoMember{"Binds", &go::texts},
    GoMember{"CpuPeriod", &go::number},
    GoMember{"CpuQuota", &go::number},
    GoMember{"DeviceRequests", &devices},
    GoMember{"IpcMode", &go::text},
    GoMember{"Links", &go::texts},
    GoMember{"LogConfig", &logConfig},
    GoMember{"Memory", &go::number},
    GoMember{"MemoryReservation", &go::number},
    GoMember{"Mounts", &mounts},
    GoMember{"NanoCpus", &go::number},
    GoMember{"NetworkMode", &go::text},
    GoMember{"PidMode", &go::text},
    GoMember{"PidsLimit", &go::any},
    GoMember{"PortBindings", &portBindings},
    GoMember{"PublishAllPorts", &go::truth},
    GoMember{"RestartPolicy", &restartPolicy},
    GoMember{"Runtime", &go::text},
    GoMember{"VolumeDriver", &go::text},
    GoMember{"VolumesFrom", &go::texts},
};
constexpr GoType hostConfig = go::pointerTo(hostMembers);

constexpr GoType anyMap = go::mapOf(go::any);
constexpr GoMember networkingMembers[] = {{"EndpointsConfig", &anyMap}};
constexpr GoType networking = go::pointerTo(networkingMembers);

constexpr std::array ownMembers = {
    GoMember{"Env", &go::texts},
    GoMember{"ExposedPorts", &anyMap},
    GoMember{"HostConfig", &hostConfig},
    GoMember{"Hostname", &go::text},
    GoMember{"Image", &go::text},
    GoMember{"Labels", &go::textMap},
    GoMember{"NetworkingConfig", &networking},
    GoMember{"OpenStdin", &go::truth},
    GoMember{"Volumes", &anyMap},
};

// Members of the HostConfig stood beside it once, and engines still read them there.
constexpr auto members = [] {
  std::array<GoMember, ownMembers.size() + hostMembers.size()> all;
  std::copy(hostMembers.begin(), hostMembers.end(),
            std::copy(ownMembers.begin(), ownMembers.end(), all.begin()));
  return all;
}();

}  // namespace

constinit const GoType createType = go::object(members);

}  // namespace docker
