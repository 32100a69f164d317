// The text of a source file where debug information says it is: a regular file of a bounded size, not changed after
// the program was built. Read at most once each; keeps a few. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tasks::inspect {

class SourceTexts {
public:
    /// `built_s`: when the program's file was written, in seconds since the epoch.
    explicit SourceTexts(std::int64_t built_s) : built_s_(built_s) {}

    /// Null: not there, not readable, too long or newer than the program.
    const std::string* text(const std::string& path);

private:
    static constexpr std::size_t most_kept = 64;
    std::int64_t built_s_;
    std::map<std::string, std::optional<std::string>> kept_;
};

} // namespace tasks::inspect
