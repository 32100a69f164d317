#include "render/golden.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

namespace tasks::render {

void check_golden(const std::string& name, const std::string& text) {
    const std::string path = std::string(TASKS_SOURCE_DIR "/tests/golden/") + name;
    if (const char* approve = std::getenv("TASKS_APPROVE"); approve != nullptr && std::string(approve) == "1") {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    std::ifstream file(path, std::ios::binary);
    std::ostringstream expected;
    expected << file.rdbuf();
    INFO("golden file " << path << "; TASKS_APPROVE=1 writes it anew");
    CHECK(file.good());
    CHECK(text == expected.str());
}

} // namespace tasks::render
