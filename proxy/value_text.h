#pragma once

// The values of settings as text: reading them, writing them, and saying what they may be.
//
// Each type of setting has three functions: decode() as listen_url.h explains it, encode(), which
// gives a text that decode() takes, and describe(), which completes "... is not" and stands in the
// reference. The key's bounds and form hold for all three.

#include "base/setting.h"
#include "labels/policy.h"
#include "proxy/daemon_settings.h"

namespace proxy {

std::string decode(std::string_view text, const base::SettingKey& key, std::string& value);
std::string decode(std::string_view text, const base::SettingKey& key, bool& value);
std::string decode(std::string_view text, const base::SettingKey& key, int& value);
std::string decode(std::string_view text, const base::SettingKey& key, std::size_t& bytes);
std::string decode(std::string_view text, const base::SettingKey& key,
                   std::chrono::milliseconds& value);
std::string decode(std::string_view text, const base::SettingKey& key, FileMode& value);
std::string decode(std::string_view text, const base::SettingKey& key, base::Level& value);
std::string decode(std::string_view text, const base::SettingKey& key, base::LogFormat& value);
std::string decode(std::string_view text, const base::SettingKey& key, labels::Strategy& value);
std::string decode(std::string_view text, const base::SettingKey& key, EngineSocket& value);
std::string decode(std::string_view text, const base::SettingKey& key,
                   std::optional<Address>& value);
std::string decode(std::string_view text, const base::SettingKey& key, Listener& value);

std::string encode(const std::string& value);
std::string encode(bool value);
std::string encode(int value);
std::string encode(std::size_t bytes);
std::string encode(std::chrono::milliseconds value);
std::string encode(FileMode value);
std::string encode(base::Level value);
std::string encode(base::LogFormat value);
std::string encode(labels::Strategy value);
std::string encode(const std::optional<Address>& value);
std::string encode(const std::vector<std::string>& value);  // separated by ", "
std::string encode(const std::vector<Listener>& value);     // likewise

// The value itself does not matter, only its type.
std::string describe(const base::SettingKey& key, const std::string&);
std::string describe(const base::SettingKey& key, bool);
std::string describe(const base::SettingKey& key, int);
std::string describe(const base::SettingKey& key, std::size_t);
std::string describe(const base::SettingKey& key, std::chrono::milliseconds);
std::string describe(const base::SettingKey& key, FileMode);
std::string describe(const base::SettingKey& key, base::Level);
std::string describe(const base::SettingKey& key, base::LogFormat);
std::string describe(const base::SettingKey& key, labels::Strategy);
std::string describe(const base::SettingKey& key, const EngineSocket&);
std::string describe(const base::SettingKey& key, const std::optional<Address>&);
std::string describe(const base::SettingKey& key, const std::vector<std::string>&);
std::string describe(const base::SettingKey& key, const std::vector<Listener>&);

}  // namespace proxy
