#pragma once

// Answers as dockerd 20.10 (API 1.41) gives them, for the tests of the mergers. The functions make
// more of the same kind.

#include <rapidjson/document.h>

#include <string>
#include <string_view>
#include <vector>

#include "catalog/merge.h"

namespace bodies {

inline catalog::NodeAnswer from(const std::string& name, std::string body) {
  // Ids in the order of the names.
  std::string id = name + std::string(25 - name.size(), '0');
  return {id, name, "10.0.0." + std::to_string(name.back() % 10), std::move(body)};
}

// What the merger says of this body.
template <class Merge>
std::string failure(Merge merge, const std::string& body) {
  try {
    merge(std::vector<catalog::NodeAnswer>{from("bad", body)});
  } catch (const catalog::MergeError& failed) {
    return failed.what();
  }
  return "";
}

inline bool isJson(std::string_view text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  return !document.HasParseError();
}

// The text with each of these taken out, wherever it stands.
inline std::string without(std::string text, const std::string& part) {
  for (size_t at; (at = text.find(part)) != std::string::npos;) text.erase(at, part.size());
  return text;
}

inline std::string nodeMember(const catalog::NodeAnswer& node) {
  return ",\"Node\":" + catalog::nodeMember(node);
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline const std::string webEntry =
    R"({"Id":"27c0e5f56147888e555ca61f84a3d74d2d947cb245da374e791ca37cd3f42b71","Names":["/web"],"Image":"busybox","ImageID":"sha256:d8aced212e725ea7a76af79427c0bf5b0671a98afd4f259c2f7b5ed9696a6b70","Command":"/bin/busybox sleep 1000","Created":1795239759,"Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],"Labels":{"a":"b"},"State":"running","Status":"Up Less than a second","HostConfig":{"NetworkMode":"default"},"NetworkSettings":{"Networks":{"bridge":{"IPAMConfig":null,"Links":null,"Aliases":null,"NetworkID":"e898517263d00e98b5baf8fa7d892406e0399766ff26246293ed1b7ed7ab6ae6","EndpointID":"fb906320e301cfef5ec4d2a8194a1325bc1dbc4ff6219c0f50d2a8f66535cd6d","Gateway":"172.17.0.1","IPAddress":"172.17.0.2","IPPrefixLen":16,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"MacAddress":"02:42:ac:11:00:02","DriverOpts":null}}},"Mounts":[]})";
inline const std::string doneEntry =
    R"({"Id":"15a220238963983b7329358ba83cd2e744fd65d3147b5ed03e86d0553a762415","Names":["/done"],"Image":"busybox","ImageID":"sha256:d8aced212e725ea7a76af79427c0bf5b0671a98afd4f259c2f7b5ed9696a6b70","Command":"/bin/busybox true","Created":1795239759,"Ports":[],"Labels":{},"State":"exited","Status":"Exited (0) Less than a second ago","HostConfig":{"NetworkMode":"default"},"NetworkSettings":{"Networks":{"bridge":{"IPAMConfig":null,"Links":null,"Aliases":null,"NetworkID":"e898517263d00e98b5baf8fa7d892406e0399766ff26246293ed1b7ed7ab6ae6","EndpointID":"","Gateway":"","IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"MacAddress":"","DriverOpts":null}}},"Mounts":[{"Type":"volume","Name":"v1","Source":"","Destination":"/data","Driver":"local","Mode":"z","RW":true,"Propagation":""}]})";
inline const std::string containers = "[" + doneEntry + "," + webEntry + "]\n";

inline const std::string images =
    R"([{"Containers":-1,"Created":1795239758,"Id":"sha256:d8aced212e725ea7a76af79427c0bf5b0671a98afd4f259c2f7b5ed9696a6b70","Labels":null,"ParentId":"","RepoDigests":null,"RepoTags":["busybox:latest","busybox:two"],"SharedSize":-1,"Size":1982256,"VirtualSize":1982256},{"Containers":-1,"Created":0,"Id":"sha256:de9b3b2310f725daadc89bf97bb143725d14e6f556b9f730fa8e9ea5b90f4959","Labels":null,"ParentId":"","RepoDigests":["<none>@<none>"],"RepoTags":["<none>:<none>"],"SharedSize":-1,"Size":1984348,"VirtualSize":1984348}]
)";

inline const std::string networks =
    R"([{"Name":"host","Id":"f57fbc1eeac0e186d2925e1b82d317f6312f512dc8e317a69d3fa646be356fe0","Created":"2026-11-21T05:42:17.410877077Z","Scope":"local","Driver":"host","EnableIPv6":false,"IPAM":{"Driver":"default","Options":null,"Config":[]},"Internal":false,"Attachable":false,"Ingress":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{},"Options":{},"Labels":{}},{"Name":"app","Id":"122f96c3607cd76d1caea79357f702b5ec182d01ed361b1c6bd0c18cf0a503ed","Created":"2026-11-21T05:42:39.504069691Z","Scope":"local","Driver":"bridge","EnableIPv6":false,"IPAM":{"Driver":"default","Options":{},"Config":[{"Subnet":"172.18.0.0/16","Gateway":"172.18.0.1"}]},"Internal":false,"Attachable":false,"Ingress":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{},"Options":{},"Labels":{}}]
)";

inline const std::string volumes =
    R"({"Volumes":[{"CreatedAt":"2026-11-21T05:42:39Z","Driver":"local","Labels":null,"Mountpoint":"/var/lib/docker/volumes/v1/_data","Name":"v1","Options":null,"Scope":"local"}],"Warnings":null}
)";

inline const std::string info =
    R"({"ID":"7KLM:BLNZ:OTNV:XCYK:457X:QMM2:CS54:VXLL:IATC:IAK7:XHSY:VWUE","Containers":2,"ContainersRunning":1,"ContainersPaused":0,"ContainersStopped":1,"Images":2,"Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"],["Supports d_type","true"]],"Plugins":{"Volume":["local"],"Network":["bridge","host","ipvlan","macvlan","null","overlay"],"Authorization":null,"Log":["awslogs","fluentd","json-file","local"]},"MemoryLimit":true,"NFd":33,"SystemTime":"2026-11-21T05:42:39.618651261Z","KernelVersion":"6.18.44","OSType":"linux","NCPU":2,"MemTotal":25276502016,"GenericResources":null,"Name":"merge-1","Labels":[],"ServerVersion":"20.10.24+dfsg1","Swarm":{"NodeID":"","NodeAddr":"","LocalNodeState":"inactive","ControlAvailable":false,"Error":"","RemoteManagers":null},"LiveRestoreEnabled":false,"SecurityOptions":["name=seccomp,profile=default"],"Warnings":null}
)";

inline const std::string version =
    R"({"Platform":{"Name":""},"Components":[{"Name":"Engine","Version":"20.10.24+dfsg1","Details":{"ApiVersion":"1.41","Arch":"amd64","MinAPIVersion":"1.12","Os":"linux"}},{"Name":"runc","Version":"1.1.5+ds1","Details":{"GitCommit":"1.1.5+ds1-1+deb12u1"}}],"Version":"20.10.24+dfsg1","ApiVersion":"1.41","MinAPIVersion":"1.12","GitCommit":"5d6db84","GoVersion":"go1.19.8","Os":"linux","Arch":"amd64","KernelVersion":"6.18.44","BuildTime":"2026-05-07T21:09:36.000000000+00:00"}
)";

inline const std::string diskUsage =
    R"({"LayersSize":3966604,"Images":[{"Containers":2,"Created":1795239758,"Id":"sha256:d8aced212e725ea7a76af79427c0bf5b0671a98afd4f259c2f7b5ed9696a6b70","Labels":null,"ParentId":"","RepoDigests":null,"RepoTags":["busybox:latest"],"SharedSize":0,"Size":1982256,"VirtualSize":1982256}],"Containers":[{"Id":"15a220238963983b7329358ba83cd2e744fd65d3147b5ed03e86d0553a762415","Names":["/done"],"Image":"busybox","Created":1795239759,"Ports":[],"SizeRootFs":1982256,"Labels":{},"State":"exited","Status":"Exited (0) Less than a second ago"}],"Volumes":[{"CreatedAt":"2026-11-21T05:42:39Z","Driver":"local","Labels":null,"Name":"v1","Options":null,"Scope":"local","UsageData":{"RefCount":0,"Size":0}}],"BuildCache":null,"BuilderSize":0}
)";

inline const std::string startEvent =
    R"({"status":"start","id":"b46697208050e527e341504de6193ac821b1e402e614601dca74ad5c13c864a7","from":"busybox","Type":"container","Action":"start","Actor":{"ID":"b46697208050e527e341504de6193ac821b1e402e614601dca74ad5c13c864a7","Attributes":{"image":"busybox","name":"c2"}},"scope":"local","time":1795240052,"timeNano":1795240052191526715})";

}  // namespace bodies
