#include "vector_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

namespace tasks::protocol::tests {

namespace {

const std::filesystem::path directory = std::filesystem::path{TASKS_SOURCE_DIR} / "protocol/vectors/v1";

std::string bytes_in(const std::filesystem::path& path) {
    std::ifstream file{path};
    REQUIRE(file);
    std::string bytes;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words{line.substr(0, line.find('#'))};
        for (std::string word; words >> word;) {
            REQUIRE(word.size() == 2);
            bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
        }
    }
    return bytes;
}

} // namespace

std::vector<VectorFile> all_vectors() {
    std::vector<VectorFile> files;
    for (const auto& entry : std::filesystem::directory_iterator{directory})
        if (entry.path().extension() == ".hex")
            files.push_back({entry.path().stem(), bytes_in(entry.path())});
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    REQUIRE_FALSE(files.empty());
    return files;
}

std::string vector_bytes(const std::string& name) { return bytes_in(directory / (name + ".hex")); }

std::string hex(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        const auto number = static_cast<unsigned char>(byte);
        text += {digits[number / 16], digits[number % 16], ' '};
    }
    return text;
}

} // namespace tasks::protocol::tests
