#include "inspect/unwind/outside_capture.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "unwind/elf_image.hpp"

namespace tasks::test {

namespace {

std::string text_of(const std::string& path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string proc(int pid, const std::string& rest) { return "/proc/" + std::to_string(pid) + "/" + rest; }

std::string build_id_of(const std::string& path) {
    auto file = inspect::OpenFile::open(path);
    if (!file)
        return {};
    auto image = inspect::ElfImage::from_file(std::move(*file));
    return image ? image->build_id() : std::string{};
}

// Up to the end of the stack's mapping, since process_vm_readv copies all or nothing of one range.
std::string memory_of(int pid, std::uint64_t from, std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t done = 0;
    while (done < count) {
        const std::size_t page_rest = 4096 - (from + done) % 4096;
        iovec local{bytes.data() + done, std::min(count - done, page_rest)};
        iovec remote{reinterpret_cast<void*>(from + done), local.iov_len}; // an address of the other process
        const auto got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
        if (got <= 0)
            break;
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

// "202 0x7f.. .. (six arguments) sp pc", "-1 sp pc", or "running" (Documentation/filesystems/proc.rst).
bool parse(const std::string& line, inspect::ThreadFacts& facts) {
    auto& a = facts.arguments;
    int number = -1;
    const int fields = std::sscanf(
        line.c_str(), "%d %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
        &number, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5], &facts.sp, &facts.pc);
    facts.syscall = number;
    if (fields == 3) {
        facts.sp = a[0];
        facts.pc = a[1];
    }
    return fields == 9 || fields == 3;
}

} // namespace

std::vector<inspect::ModuleFacts> modules_of(int pid) {
    std::vector<inspect::ModuleFacts> modules;
    std::map<std::string, std::string> build_ids;
    std::istringstream maps{text_of(proc(pid, "maps"))};
    for (std::string line; std::getline(maps, line);) {
        inspect::ModuleFacts module;
        std::array<char, 5> rights{};
        int path_at = 0;
        if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*u %n", &module.start, &module.end,
                        rights.data(), &module.file_offset, &path_at) < 4 ||
            rights[2] != 'x')
            continue;
        module.path = line.substr(std::min(line.size(), static_cast<std::size_t>(path_at)));
        if (build_ids.count(module.path) == 0)
            build_ids[module.path] = build_id_of(module.path);
        module.build_id = build_ids[module.path];
        modules.push_back(std::move(module));
    }
    return modules;
}

std::vector<int> threads_of(int pid) {
    std::vector<int> threads;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(proc(pid, "task"), gone))
        threads.push_back(std::stoi(entry.path().filename()));
    std::sort(threads.begin(), threads.end());
    return threads;
}

inspect::ThreadFacts captured(int pid, int tid, std::size_t stack_bytes) {
    const std::string path = proc(pid, "task/" + std::to_string(tid) + "/syscall");
    inspect::ThreadFacts facts;
    for (int look = 0; look < 3; ++look) {
        facts = {};
        facts.tid = static_cast<std::uint32_t>(tid);
        const std::string before = text_of(path);
        if (!parse(before, facts)) {
            facts.capture = before.empty() ? protocol::Capture::exited : protocol::Capture::running;
            continue;
        }
        facts.stack = memory_of(pid, facts.sp, stack_bytes);
        facts.stack_cut = facts.stack.size() == stack_bytes;
        facts.capture = text_of(path) == before ? protocol::Capture::captured : protocol::Capture::changing;
        if (facts.capture == protocol::Capture::captured)
            break;
    }
    return facts;
}

std::optional<int> blocked_in(int pid, int tid) {
    inspect::ThreadFacts facts;
    if (!parse(text_of(proc(pid, "task/" + std::to_string(tid) + "/syscall")), facts) || facts.syscall < 0)
        return std::nullopt;
    return facts.syscall;
}

std::string program_of(int pid) {
    std::error_code gone;
    return std::filesystem::read_symlink(proc(pid, "exe"), gone).string();
}

} // namespace tasks::test
