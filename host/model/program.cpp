#include "host/model/program.hpp"

#include "host/failure.hpp"

namespace host {

std::unique_ptr<Program> make_program(const std::string& name, Context& context,
                                      const ProgramConfig& config) {
  if (name == "contrastive") return make_contrastive(context, config);
  if (name == "rotation") return make_rotation(context, config);
  if (name == "autoencoder") return make_autoencoder(context, config);
  if (name == "denoise") return make_denoise(context, config);
  if (name == "simclr") return make_simclr(context, config);
  if (name == "rotnet") return make_rotnet(context, config);
  if (name == "vae") return make_vae(context, config);
  throw Failure(Exit::kUsage, "unknown program {}; see sslcuda train --help", name);
}

}  // namespace host
