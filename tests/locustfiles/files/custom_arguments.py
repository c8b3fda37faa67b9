# run: -u 1 -t 3s --region south --pages 3 --verbose-notes --tier gold
# run locust: --processes 1
# counts: exact
from locust import HttpUser, constant, events, task


@events.init_command_line_parser.add_listener
def add_arguments(parser):
    parser.add_argument("--region", type=str, env_var="CORPUS_REGION", default="west", help="where the users are")
    parser.add_argument("--tier", choices=["free", "gold"], default="free")
    parser.add_argument("--pages", type=int, default=1, include_in_web_ui=False)
    parser.add_argument("--api-key", is_secret=True, default="none")
    parser.add_argument("--ratio", type=float, default=0.5)
    parser.add_argument("--verbose-notes", action="store_true")


@events.test_start.add_listener
def tell(environment, **_kwargs):
    options = environment.parsed_options
    if options.verbose_notes:
        print("note:", options.region, options.tier, options.pages, options.api_key, options.ratio)


class Visitor(HttpUser):
    wait_time = constant(0)

    @task
    def visit(self):
        options = self.environment.parsed_options
        for page in range(options.pages):
            self.client.get(f"/pages/{options.region}", params={"page": page}, headers={"X-Tier": options.tier, "X-Key": options.api_key})
        print("note: options", getattr(options, "users", "no users"), options.num_users, options.headless, options.tags, vars(options)["ratio"])
        self.stop()
