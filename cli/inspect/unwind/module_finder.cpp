#include "unwind/module_finder.hpp"

#include <elf.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <vector>

namespace tasks::inspect {

namespace {

constexpr std::string_view deleted_mark = " (deleted)";
// The kernel's vdso is two to four pages; more than this is none.
constexpr std::uint64_t largest_vdso = 1 << 20;

bool is_deleted(const std::string& path) { return path.ends_with(deleted_mark); }

std::string without_mark(const std::string& path) {
    return is_deleted(path) ? path.substr(0, path.size() - deleted_mark.size()) : path;
}

std::string hexadecimal(std::uint64_t value) {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%llx", static_cast<unsigned long long>(value));
    return text.data();
}

// One attempt after the other; the first cause that is more than "not there" is the one to tell.
class Search {
public:
    Search(const ModuleFacts& module, std::uint32_t pid, MappedFiles* mapped, DebugServers* servers)
        : module_(module), pid_(pid), mapped_(mapped), servers_(servers), path_(without_mark(module.path)) {}

    Result<std::unique_ptr<ElfModule>> run();

private:
    bool by_path();
    bool by_mapping();
    bool by_executable();
    bool accept(Result<OpenFile> file);
    std::string sentence() const;
    std::string proc(const std::string& rest) const { return "/proc/" + std::to_string(pid_) + "/" + rest; }

    const ModuleFacts& module_;
    std::uint32_t pid_;
    MappedFiles* mapped_;
    DebugServers* servers_;
    std::string path_;
    std::unique_ptr<ElfModule> found_;
    bool replaced_ = false;
    std::string cause_;
};

bool Search::accept(Result<OpenFile> file) {
    if (!file) {
        cause_ = cause_.empty() ? file.error() : cause_;
        return false;
    }
    auto image = ElfImage::from_file(std::move(*file));
    if (!image) {
        cause_ = cause_.empty() ? image.error() : cause_;
        return false;
    }
    if (!module_.build_id.empty() && image->build_id() != module_.build_id) {
        replaced_ = true;
        return false;
    }
    auto elf = std::make_unique<ElfModule>(std::move(*image), FilePlace{pid_, path_, servers_});
    if (!elf->bias_of(module_)) {
        replaced_ = true;
        return false;
    }
    found_ = std::move(elf);
    return true;
}

bool Search::by_path() {
    if (is_deleted(module_.path) && module_.build_id.empty())
        return false; // nothing would tell a file of that name from the mapped one
    if (pid_ == 0)
        return accept(OpenFile::open(path_));
    auto file = OpenFile::open_in_root_of(pid_, path_);
    return accept(file ? std::move(file) : OpenFile::open(path_)); // a dead process has no root any more
}

bool Search::by_mapping() {
    if (mapped_ != nullptr) {
        if (auto opened = mapped_->extract({module_.path, module_.build_id}))
            return accept(std::move(opened.mapped()));
    }
    return accept(OpenFile::open(mapping_path(module_, pid_)));
}

bool Search::by_executable() {
    std::array<char, 4096> target{};
    const auto length = ::readlink(proc("exe").c_str(), target.data(), target.size());
    if (length <= 0)
        return false;
    const std::string executable{target.data(), static_cast<std::size_t>(length)};
    return without_mark(executable) == path_ && accept(OpenFile::open(proc("exe")));
}

std::string Search::sentence() const {
    if (pid_ == 0) // of a file: nobody can say where else the module might be
        return path_ + ": " + (replaced_ ? "the file there is not the one that was mapped" : cause_) +
               ": its frames have no names and stacks may end there; put the file that ran back in its place";
    if (replaced_)
        return path_ + ": the file there is not the one that is mapped (replaced since the start?): its frames have no "
                       "names and stacks may end there; run as root to read the mapped one, or start the process again";
    if (is_deleted(module_.path))
        return path_ + ": deleted since the start: its frames have no names and stacks may end there; run as root to "
                       "read the mapped file, or start the process again";
    return path_ + ": " + cause_ +
           ": its frames have no names and stacks may end there; run as the process's user or root";
}

Result<std::unique_ptr<ElfModule>> Search::run() {
    if (by_path() || (pid_ != 0 && (by_mapping() || by_executable())))
        return std::move(found_);
    return Failure{sentence()};
}

std::vector<char> own_vdso() {
    const std::uint64_t start = ::getauxval(AT_SYSINFO_EHDR);
    if (start == 0)
        return {};
    const auto* bytes = reinterpret_cast<const char*>(start); // the kernel's word for where it mapped the vdso
    Elf64_Ehdr header;
    std::memcpy(&header, bytes, sizeof header);
    const std::uint64_t size = header.e_shoff + std::uint64_t{header.e_shnum} * header.e_shentsize;
    if (size < sizeof header || size > largest_vdso)
        return {};
    return {bytes, bytes + size};
}

Result<std::unique_ptr<ElfModule>> find_vdso(const ModuleFacts& module) {
    auto bytes = own_vdso();
    const std::uint64_t pages = (bytes.size() + 4095) / 4096 * 4096;
    auto image = ElfImage::from_memory(std::move(bytes));
    if (!image)
        return Failure{std::string{"[vdso]: we have none ourselves to read it from: stacks may end there"}};
    const bool same =
        module.build_id.empty() ? pages == module.end - module.start : image->build_id() == module.build_id;
    if (!same)
        return Failure{std::string{"[vdso]: the process has another one than we: stacks may end there"}};
    return std::make_unique<ElfModule>(std::move(*image), FilePlace{0, "[vdso]", nullptr});
}

} // namespace

Result<std::unique_ptr<ElfModule>> find_module(const ModuleFacts& module, std::uint32_t pid, MappedFiles* mapped,
                                               DebugServers* servers) {
    if (module.path == "[vdso]")
        return find_vdso(module);
    if (module.path.empty() || module.path.front() != '/')
        return Failure{(module.path.empty() ? "memory at 0x" + hexadecimal(module.start) : module.path) +
                       ": code without a file: its frames have no names and stacks may end there"};
    return Search{module, pid, mapped, servers}.run();
}

} // namespace tasks::inspect
