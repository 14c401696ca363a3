// Shows the OpenAPI description that the page's own service gives; nothing is asked of anybody else.
SwaggerUIBundle({
  url: document.currentScript.dataset.url,
  domNode: document.getElementById("description"),
  validatorUrl: null,
});
