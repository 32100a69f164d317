#include "profile_modules.hpp"

#include <algorithm>

#include "mappings.hpp"
#include "program_headers.hpp"

namespace tasks::agent {
namespace {

std::string_view base_name(std::string_view path) noexcept {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

} // namespace

bool ProfileModules::write(ProfileOutput& output, Workspace& workspace, std::uint32_t tid) noexcept {
    Modules modules{open_maps(workspace.task_directory.get(), tid), workspace.lines};
    protocol::Module module;
    for (std::uint64_t from = 0; modules.next(from, module); from = module.end) {
        output << "module  ";
        output.hexadecimal(module.start) << "-";
        output.hexadecimal(module.end) << "  offset ";
        output.hexadecimal(module.file_offset) << "  ";
        if (!module.build_id.empty())
            (output << "build-id ").bytes_in_hexadecimal(module.build_id) << "  ";
        output.text(module.path) << "\n";
        keep(module, modules.image());
    }
    return count_ != 0;
}

// Without an image's first page the offset in the file stands for the address in it: the same in most files.
void ProfileModules::keep(const protocol::Module& module, std::uint64_t image) noexcept {
    if (count_ == most_kept)
        return;
    Kept& kept = kept_[count_++];
    kept.start = module.start;
    kept.end = module.end;
    kept.bias = ProgramHeaders{image}.bias().value_or(module.start - module.file_offset);
    kept.image = image;
    const std::string_view name = base_name(module.path).substr(0, kept.name.size() - 1);
    name.copy(kept.name.data(), name.size());
    kept.name[name.size()] = '\0';
}

void ProfileModules::tell(std::uint64_t pc, ProfileOutput& output) noexcept {
    const Kept* begin = kept_;
    const Kept* end = begin + count_;
    const Kept* after =
        std::upper_bound(begin, end, pc, [](std::uint64_t at, const Kept& kept) { return at < kept.start; });
    if (after == begin || pc >= (after - 1)->end) {
        output.hexadecimal(pc);
        return;
    }
    const Kept& kept = *(after - 1);
    output.text(kept.name.data()) << "+";
    output.hexadecimal(pc - kept.bias);
    if (const std::string_view name = names_.at(pc, kept.image); !name.empty())
        (output << "  ").text(name);
}

} // namespace tasks::agent
