// A directory of its own for a test, removed with everything in it.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <cstdlib>
#include <sys/stat.h>

namespace tasks::tests {

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string made = (std::filesystem::temp_directory_path() / "tasks-test-XXXXXX").string();
        path_ = ::mkdtemp(made.data()) == nullptr ? "/nonexistent" : made;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::string& path() const { return path_; }
    std::string path(const std::string& name) const { return path_ + "/" + name; }

    /// Writes a file, with the directories above it; its path.
    std::string file(const std::string& name, const std::string& content) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary) << content;
        return path(name);
    }

    void link(const std::string& name, const std::string& to) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::filesystem::remove(path(name));
        std::filesystem::create_symlink(to, path(name));
    }

private:
    std::string path_;
};

} // namespace tasks::tests
