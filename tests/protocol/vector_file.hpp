// Reads the golden frames of protocol/vectors/v1: plain hex, `#` begins a comment. One file, one frame.
#pragma once

#include <string>
#include <vector>

namespace tasks::protocol::tests {

struct VectorFile {
    std::string name; ///< without ".hex"
    std::string bytes;
};

/// Every file of the directory, sorted by name. Fails the running test where one is not as it should be.
std::vector<VectorFile> all_vectors();

/// The frame in that file.
std::string vector_bytes(const std::string& name);

/// "54 53 4b 31": for messages of failed tests.
std::string hex(std::string_view bytes);

} // namespace tasks::protocol::tests
